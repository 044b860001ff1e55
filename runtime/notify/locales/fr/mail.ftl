# Mails en français. Valeurs : voir en/mail.ftl. Espaces insécables devant les signes doubles ; jamais « de » devant un nom (élision).

greeting = Bonjour,
footer = Ce message a été envoyé par { $service } à { $email }.

code =
    .validity =
        { $minutes ->
            [one] Ce code est utilisable une seule fois et expire dans { $minutes } minute.
            [many] Ce code est utilisable une seule fois et expire dans { $minutes } minutes.
           *[other] Ce code est utilisable une seule fois et expire dans { $minutes } minutes.
        }
    .keep-secret = Gardez-le pour vous. Personne chez { $service } ne vous le demandera jamais.
    .not-you = Vous n’avez rien demandé ? Vous pouvez ignorer ce message ; sans le code, il ne se passe rien.

login =
    .subject = { $code } est votre code de connexion à { $service }
    .preheader = Terminez votre connexion à { $service }.
    .intro = Voici le code pour terminer votre connexion à { $service } :

recovery =
    .subject = { $code } réinitialise votre mot de passe { $service }
    .preheader = Choisissez un nouveau mot de passe pour { $service }.
    .intro = Vous avez demandé à définir un nouveau mot de passe pour { $service }. Continuez avec ce code :
    .not-you = Si vous connaissez encore votre mot de passe et n’avez rien demandé, vous n’avez rien à faire.

email_verification =
    .subject = { $code } confirme votre adresse pour { $service }
    .preheader = Confirmez que { $email } est votre adresse.
    .intro = Pour confirmer que { $email } vous appartient, saisissez ce code sur { $service } :

email_login_attempted =
    .subject = Connexion à { $service } avec cette adresse
    .preheader = Il n’existe aucun compte pour { $email }.
    .intro = Quelqu’un a tenté de se connecter à { $service } avec { $email }. Il n’existe aucun compte pour cette adresse ; aucun code n’a donc été émis.
    .was-you = C’était vous ? Essayez avec l’adresse de votre inscription, ou créez un compte.
    .was-not-you = Ce n’était pas vous ? Vous n’avez rien à faire.

email_registration_attempted =
    .subject = Cette adresse est déjà utilisée sur { $service }
    .preheader = Un compte existe déjà pour { $email }.
    .intro = Quelqu’un a voulu utiliser { $email } pour un compte { $service }, mais cette adresse y est déjà utilisée.
    .was-you = C’était vous ? Connectez-vous plutôt, avec un code ou par votre moyen habituel.
    .was-not-you = Ce n’était pas vous ? Vous n’avez rien à faire ; votre compte est inchangé.

credentials_removed =
    .subject = Votre compte { $service } n’est plus qu’à vous
    .preheader = Ce qui avait été configuré avant la confirmation de l’adresse { $email } a été supprimé.
    .intro = Vous venez de confirmer { $email } sur { $service }. Le compte avait été créé avant que quiconque ait prouvé que cette adresse était la sienne ; tous les mots de passe, clés d’accès et sessions de cette période ont donc été supprimés.
    .was-you = Avez-vous créé ce compte vous-même ? Alors seuls votre ancien mot de passe ou votre ancienne clé d’accès ont disparu ; définissez-en de nouveaux.
    .was-not-you = Était-ce quelqu’un d’autre ? Cette personne ne peut plus se connecter.

notice =
    .not-you = Si ce n’était pas vous, connectez-vous dès maintenant à { $service }, changez vos moyens de connexion et mettez fin à toutes les autres sessions.

password_update =
    .subject = Nouveau mot de passe pour votre compte { $service }
    .preheader = Votre mot de passe a été modifié.
    .intro = Le mot de passe de votre compte { $service } vient d’être remplacé.

primary_email_update =
    .subject = { $service } : adresse principale modifiée
    .preheader = De { $old } à { $new }.
    .intro = { $service } écrit désormais à { $new } au lieu de { $old }. Ceci est le dernier message envoyé à l’ancienne adresse.

email_create =
    .subject = { $service } : adresse ajoutée
    .preheader = { $new } peut être utilisée avec votre compte.
    .intro = { $new } fait désormais partie des adresses de votre compte { $service }.

email_delete =
    .subject = { $service } : adresse supprimée
    .preheader = { $removed } n’est plus liée à votre compte.
    .intro = { $removed } n’est plus une adresse de votre compte { $service }.

passkey_create =
    .subject = { $service } : clé d’accès ajoutée
    .preheader = Un appareil peut désormais se connecter en votre nom.
    .intro = Une nouvelle clé d’accès permet désormais de se connecter à votre compte { $service }.

mfa_create =
    .subject = { $service } : second facteur ajouté
    .preheader = La connexion demande désormais une étape de plus.
    .intro = Vous pouvez désormais confirmer vos connexions à { $service } avec un facteur supplémentaire.

mfa_delete =
    .subject = { $service } : second facteur supprimé
    .preheader = Votre compte a perdu une protection.
    .intro = L’un des facteurs de connexion supplémentaires de votre compte { $service } a été supprimé.

password_recovery =
    .subject = Votre mot de passe { $service } a été réinitialisé
    .preheader = Votre mot de passe a été réinitialisé à l’aide d’un code.
    .intro = Le mot de passe de votre compte { $service } a été réinitialisé à l’aide d’un code envoyé à cette adresse.

new_session =
    .subject = Nouvelle connexion à { $service }
    .preheader = Connexion du { $time }.
    .intro =
        { $device ->
            [unknown] Une connexion à votre compte { $service } a eu lieu le { $time }, depuis un appareil que nous ne reconnaissons pas.
           *[other] Une connexion à votre compte { $service } a eu lieu le { $time }, avec { $device }.
        }

password_limit =
    .subject = Trop de mots de passe erronés pour { $service }
    .preheader = La connexion par mot de passe est suspendue pour un moment.
    .intro = Un mot de passe erroné a été saisi trop souvent pour votre compte { $service }. Pour le protéger, la connexion par mot de passe est suspendue pour un moment.
    .still-works = Les clés d’accès, les codes envoyés par e-mail et les appareils déjà utilisés pour vous connecter fonctionnent toujours.
    .nothing-to-do = Vous n’avez rien à faire ; la suspension prend fin d’elle-même.
