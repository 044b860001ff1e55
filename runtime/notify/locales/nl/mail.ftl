# Mails in het Nederlands. Waarden: zie en/mail.ftl.

greeting = Goedendag,
footer = Deze e-mail is door { $service } verzonden aan { $email }.

code =
    .validity =
        { $minutes ->
            [one] Deze code is één keer te gebruiken en verloopt over { $minutes } minuut.
           *[other] Deze code is één keer te gebruiken en verloopt over { $minutes } minuten.
        }
    .keep-secret = Houd de code voor uzelf. Medewerkers van { $service } vragen er nooit om.
    .not-you = Hebt u hier niet om gevraagd? Dan kunt u deze e-mail negeren; zonder de code gebeurt er niets.

login =
    .subject = { $code } is uw inlogcode voor { $service }
    .preheader = Rond het inloggen bij { $service } af.
    .intro = Met deze code rondt u het inloggen bij { $service } af:

recovery =
    .subject = { $code } is uw herstelcode voor { $service }
    .preheader = Kies een nieuw wachtwoord voor { $service }.
    .intro = U hebt gevraagd om een nieuw wachtwoord voor { $service } in te stellen. Ga verder met deze code:
    .not-you = Weet u uw wachtwoord nog en hebt u hier niet om gevraagd? Dan hoeft u niets te doen.

email_verification =
    .subject = { $code } bevestigt uw adres voor { $service }
    .preheader = Bevestig dat { $email } van u is.
    .intro = Voer deze code in bij { $service } om te bevestigen dat { $email } van u is:

email_login_attempted =
    .subject = Inlogpoging bij { $service } met dit adres
    .preheader = Er is geen account voor { $email }.
    .intro = Iemand probeerde met { $email } in te loggen bij { $service }. Voor dit adres bestaat geen account, dus is er geen code gemaakt.
    .was-you = Was u dat? Probeer het adres waarmee u zich hebt geregistreerd, of maak een account aan.
    .was-not-you = Was u dat niet? Dan hoeft u niets te doen.

email_registration_attempted =
    .subject = Dit adres is bij { $service } al in gebruik
    .preheader = Voor { $email } bestaat al een account.
    .intro = Iemand wilde { $email } gebruiken voor een account bij { $service }, maar het adres is daar al in gebruik.
    .was-you = Was u dat? Log dan in met een code of op uw gebruikelijke manier.
    .was-not-you = Was u dat niet? Dan hoeft u niets te doen; uw account is ongewijzigd.

credentials_removed =
    .subject = Uw account bij { $service } is nu alleen van u
    .preheader = Wat vóór de bevestiging van { $email } was ingesteld, is verwijderd.
    .intro = U hebt zojuist { $email } bevestigd bij { $service }. Het account is aangemaakt voordat iemand had aangetoond dat dit adres van hem of haar is. Daarom zijn alle wachtwoorden, passkeys en sessies uit die tijd verwijderd.
    .was-you = Hebt u het account zelf aangemaakt? Dan is alleen uw oude wachtwoord of uw oude passkey weg; stel een nieuwe in.
    .was-not-you = Was het iemand anders? Die persoon kan niet meer inloggen.

notice =
    .not-you = Was u dit niet? Log dan nu in bij { $service }, wijzig uw inloggegevens en beëindig alle andere sessies.

password_update =
    .subject = Nieuw wachtwoord voor uw account bij { $service }
    .preheader = Uw wachtwoord is gewijzigd.
    .intro = Het wachtwoord van uw account bij { $service } is zojuist vervangen.

primary_email_update =
    .subject = { $service }: hoofdadres gewijzigd
    .preheader = Van { $old } naar { $new }.
    .intro = { $service } schrijft voortaan naar { $new } in plaats van naar { $old }. Dit is het laatste bericht aan het oude adres.

email_create =
    .subject = { $service }: adres toegevoegd
    .preheader = { $new } kan met uw account worden gebruikt.
    .intro = { $new } is nu een van de adressen van uw account bij { $service }.

email_delete =
    .subject = { $service }: adres verwijderd
    .preheader = { $removed } hoort niet meer bij uw account.
    .intro = { $removed } is geen adres meer van uw account bij { $service }.

passkey_create =
    .subject = { $service }: passkey toegevoegd
    .preheader = Een apparaat kan nu namens u inloggen.
    .intro = Vanaf nu kan met een nieuwe passkey worden ingelogd op uw account bij { $service }.

mfa_create =
    .subject = { $service }: tweede factor toegevoegd
    .preheader = Inloggen vraagt nu één stap meer.
    .intro = U kunt het inloggen bij { $service } nu met een extra factor bevestigen.

mfa_delete =
    .subject = { $service }: tweede factor verwijderd
    .preheader = Uw account heeft een bescherming minder.
    .intro = Een van de extra inlogfactoren van uw account bij { $service } is verwijderd.

password_recovery =
    .subject = Uw wachtwoord bij { $service } is opnieuw ingesteld
    .preheader = Uw wachtwoord is met een code opnieuw ingesteld.
    .intro = Het wachtwoord van uw account bij { $service } is opnieuw ingesteld met een code die naar dit adres is gestuurd.

new_session =
    .subject = Nieuwe login bij { $service }
    .preheader = Ingelogd op { $time }.
    .intro =
        { $device ->
            [unknown] Op { $time } is ingelogd op uw account bij { $service }, met een apparaat dat we niet herkennen.
           *[other] Op { $time } is ingelogd op uw account bij { $service }, met { $device }.
        }

password_limit =
    .subject = Te veel verkeerde wachtwoorden bij { $service }
    .preheader = Inloggen met uw wachtwoord is tijdelijk niet mogelijk.
    .intro = Voor uw account bij { $service } is te vaak een verkeerd wachtwoord ingevoerd. Om het te beschermen is inloggen met het wachtwoord tijdelijk niet mogelijk.
    .still-works = Passkeys, codes per e-mail en apparaten waarmee u al eerder hebt ingelogd, blijven werken.
    .nothing-to-do = U hoeft niets te doen; de pauze eindigt vanzelf.
