# Mail in italiano. Valori: vedi en/mail.ftl. Forma di cortesia, senza genere.

greeting = Buongiorno,
footer = Questo messaggio è stato inviato da { $service } a { $email }.

code =
    .validity =
        { $minutes ->
            [one] Questo codice vale una sola volta e scade tra { $minutes } minuto.
            [many] Questo codice vale una sola volta e scade tra { $minutes } minuti.
           *[other] Questo codice vale una sola volta e scade tra { $minutes } minuti.
        }
    .keep-secret = Non lo comunichi a nessuno. Il personale di { $service } non glielo chiederà mai.
    .not-you = Non l’ha richiesto Lei? Può ignorare questo messaggio: senza il codice non succede nulla.

login =
    .subject = { $code } è il Suo codice di accesso a { $service }
    .preheader = Completi l’accesso a { $service }.
    .intro = Ecco il codice per completare l’accesso a { $service }:

recovery =
    .subject = { $code } è il Suo codice di recupero per { $service }
    .preheader = Scelga una nuova password per { $service }.
    .intro = Ha chiesto di impostare una nuova password per { $service }. Prosegua con questo codice:
    .not-you = Se ricorda ancora la Sua password e non ha richiesto questo codice, non deve fare nulla.

email_verification =
    .subject = { $code } conferma il Suo indirizzo per { $service }
    .preheader = Confermi che { $email } Le appartiene.
    .intro = Per confermare che { $email } Le appartiene, inserisca questo codice su { $service }:

email_login_attempted =
    .subject = Accesso a { $service } con questo indirizzo
    .preheader = Non esiste alcun account per { $email }.
    .intro = Qualcuno ha tentato di accedere a { $service } con { $email }. Non esiste alcun account per questo indirizzo, quindi non è stato emesso alcun codice.
    .was-you = Era Lei? Provi con l’indirizzo usato per la registrazione oppure crei un account.
    .was-not-you = Non era Lei? Non deve fare nulla.

email_registration_attempted =
    .subject = Questo indirizzo è già in uso su { $service }
    .preheader = Esiste già un account per { $email }.
    .intro = Qualcuno ha tentato di usare { $email } per un account su { $service }, ma l’indirizzo è già in uso.
    .was-you = Era Lei? Acceda invece con un codice o nel modo abituale.
    .was-not-you = Non era Lei? Non deve fare nulla: il Suo account è invariato.

credentials_removed =
    .subject = Il Suo account { $service } ora è soltanto Suo
    .preheader = Ciò che era stato configurato prima della conferma di { $email } è stato rimosso.
    .intro = Ha appena confermato { $email } su { $service }. L’account era stato creato prima che qualcuno dimostrasse di possedere questo indirizzo; per questo tutte le password, le passkey e le sessioni di quel periodo sono state rimosse.
    .was-you = Ha creato Lei l’account? Allora mancano soltanto la Sua vecchia password o la Sua vecchia passkey: ne imposti di nuove.
    .was-not-you = È stata un’altra persona? Non può più accedere.

notice =
    .not-you = Se non era Lei, acceda subito a { $service }, cambi le Sue credenziali e termini tutte le altre sessioni.

password_update =
    .subject = Nuova password per il Suo account { $service }
    .preheader = La Sua password è stata cambiata.
    .intro = La password del Suo account { $service } è appena stata sostituita.

primary_email_update =
    .subject = { $service }: indirizzo principale cambiato
    .preheader = Da { $old } a { $new }.
    .intro = D’ora in poi { $service } scriverà a { $new } anziché a { $old }. Questo è l’ultimo avviso al vecchio indirizzo.

email_create =
    .subject = { $service }: indirizzo aggiunto
    .preheader = { $new } può essere usato con il Suo account.
    .intro = { $new } è ora uno degli indirizzi del Suo account { $service }.

email_delete =
    .subject = { $service }: indirizzo rimosso
    .preheader = { $removed } non appartiene più al Suo account.
    .intro = { $removed } non è più un indirizzo del Suo account { $service }.

passkey_create =
    .subject = { $service }: passkey aggiunta
    .preheader = Un dispositivo può ora accedere a Suo nome.
    .intro = Da ora è possibile accedere al Suo account { $service } con una nuova passkey.

mfa_create =
    .subject = { $service }: secondo fattore aggiunto
    .preheader = L’accesso richiede ora un passaggio in più.
    .intro = Ora può confermare gli accessi a { $service } con un fattore aggiuntivo.

mfa_delete =
    .subject = { $service }: secondo fattore rimosso
    .preheader = Il Suo account ha una protezione in meno.
    .intro = Uno dei fattori di accesso aggiuntivi del Suo account { $service } è stato rimosso.

password_recovery =
    .subject = La Sua password { $service } è stata reimpostata
    .preheader = La Sua password è stata reimpostata con un codice.
    .intro = La password del Suo account { $service } è stata reimpostata con un codice inviato a questo indirizzo.

new_session =
    .subject = Nuovo accesso a { $service }
    .preheader = Accesso del { $time }.
    .intro =
        { $device ->
            [unknown] Il { $time } è stato effettuato un accesso al Suo account { $service } da un dispositivo che non riconosciamo.
           *[other] Il { $time } è stato effettuato un accesso al Suo account { $service } con { $device }.
        }

password_limit =
    .subject = Troppe password errate per { $service }
    .preheader = L’accesso con la password è sospeso per qualche tempo.
    .intro = Per il Suo account { $service } è stata inserita troppe volte una password errata. Per proteggerlo, l’accesso con la password è sospeso per qualche tempo.
    .still-works = Le passkey, i codici inviati per e-mail e i dispositivi con cui ha già effettuato l’accesso continuano a funzionare.
    .nothing-to-do = Non deve fare nulla: la sospensione finisce da sola.
