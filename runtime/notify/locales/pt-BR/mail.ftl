# E-mails em português do Brasil. Valores: veja en/mail.ftl.

greeting = Olá,
footer = Este e-mail foi enviado por { $service } para { $email }.

code =
    .validity =
        { $minutes ->
            [one] Este código só pode ser usado uma vez e expira em { $minutes } minuto.
            [many] Este código só pode ser usado uma vez e expira em { $minutes } minutos.
           *[other] Este código só pode ser usado uma vez e expira em { $minutes } minutos.
        }
    .keep-secret = Não o compartilhe. Ninguém de { $service } pedirá este código a você.
    .not-you = Não fez este pedido? Você pode ignorar este e-mail; sem o código, nada acontece.

login =
    .subject = { $code } é seu código de acesso a { $service }
    .preheader = Conclua seu acesso a { $service }.
    .intro = Este é o código para concluir seu acesso a { $service }:

recovery =
    .subject = { $code } redefine sua senha em { $service }
    .preheader = Escolha uma nova senha para { $service }.
    .intro = Você pediu para definir uma nova senha em { $service }. Continue com este código:
    .not-you = Se você ainda sabe sua senha e não fez este pedido, não precisa fazer nada.

email_verification =
    .subject = { $code } confirma seu endereço em { $service }
    .preheader = Confirme que { $email } é seu endereço.
    .intro = Para confirmar que { $email } pertence a você, digite este código em { $service }:

email_login_attempted =
    .subject = Acesso a { $service } com este endereço
    .preheader = Não há conta para { $email }.
    .intro = Alguém tentou entrar em { $service } com { $email }. Não há conta para este endereço, por isso nenhum código foi emitido.
    .was-you = Foi você? Tente o endereço que usou no cadastro ou crie uma conta.
    .was-not-you = Não foi você? Não é preciso fazer nada.

email_registration_attempted =
    .subject = Este endereço já está em uso em { $service }
    .preheader = Já existe uma conta para { $email }.
    .intro = Alguém tentou usar { $email } para uma conta em { $service }, mas o endereço já está em uso.
    .was-you = Foi você? Entre na sua conta com um código ou da forma habitual.
    .was-not-you = Não foi você? Não é preciso fazer nada; sua conta não foi alterada.

credentials_removed =
    .subject = Sua conta em { $service } agora é só sua
    .preheader = O que havia sido configurado antes da confirmação de { $email } foi removido.
    .intro = Você acabou de confirmar { $email } em { $service }. A conta foi criada antes que alguém comprovasse que este endereço é seu; por isso, todas as senhas, chaves de acesso e sessões daquele período foram removidas.
    .was-you = Foi você que criou a conta? Então apenas sua senha antiga ou sua chave de acesso antiga foi removida; defina uma nova.
    .was-not-you = Foi outra pessoa? Ela não consegue mais entrar.

notice =
    .not-you = Se não foi você, entre agora em { $service }, altere suas credenciais e encerre todas as outras sessões.

password_update =
    .subject = Nova senha para sua conta em { $service }
    .preheader = Sua senha foi alterada.
    .intro = A senha da sua conta em { $service } acaba de ser substituída.

primary_email_update =
    .subject = { $service }: endereço principal alterado
    .preheader = De { $old } para { $new }.
    .intro = A partir de agora, { $service } escreve para { $new } em vez de { $old }. Este é o último aviso ao endereço antigo.

email_create =
    .subject = { $service }: endereço adicionado
    .preheader = { $new } pode ser usado com sua conta.
    .intro = { $new } agora é um dos endereços da sua conta em { $service }.

email_delete =
    .subject = { $service }: endereço removido
    .preheader = { $removed } não pertence mais à sua conta.
    .intro = { $removed } não é mais um endereço da sua conta em { $service }.

passkey_create =
    .subject = { $service }: chave de acesso adicionada
    .preheader = Um dispositivo agora pode entrar em seu nome.
    .intro = A partir de agora, uma nova chave de acesso pode ser usada para entrar na sua conta em { $service }.

mfa_create =
    .subject = { $service }: segundo fator adicionado
    .preheader = Entrar agora exige mais uma etapa.
    .intro = Agora você pode confirmar os acessos a { $service } com um fator adicional.

mfa_delete =
    .subject = { $service }: segundo fator removido
    .preheader = Sua conta perdeu uma proteção.
    .intro = Um dos fatores adicionais de acesso à sua conta em { $service } foi removido.

password_recovery =
    .subject = Sua senha em { $service } foi redefinida
    .preheader = Sua senha foi redefinida com um código.
    .intro = A senha da sua conta em { $service } foi redefinida com um código enviado a este endereço.

new_session =
    .subject = Novo acesso a { $service }
    .preheader = Acesso em { $time }.
    .intro =
        { $device ->
            [unknown] Em { $time }, houve um acesso à sua conta em { $service } com um dispositivo que não reconhecemos.
           *[other] Em { $time }, houve um acesso à sua conta em { $service } com { $device }.
        }

password_limit =
    .subject = Muitas senhas erradas em { $service }
    .preheader = O acesso com sua senha está suspenso por um tempo.
    .intro = Uma senha errada foi digitada vezes demais para sua conta em { $service }. Para protegê-la, o acesso com a senha está suspenso por um tempo.
    .still-works = Chaves de acesso, códigos por e-mail e dispositivos em que você já entrou antes continuam funcionando.
    .nothing-to-do = Não é preciso fazer nada; a suspensão termina sozinha.
