# Mails auf Deutsch. Werte und Regeln: siehe en/mail.ftl.

greeting = Guten Tag,
footer = Diese Mail wurde von { $service } an { $email } gesendet.

code =
    .validity =
        { $minutes ->
            [one] Dieser Code gilt einmal und läuft in { $minutes } Minute ab.
           *[other] Dieser Code gilt einmal und läuft in { $minutes } Minuten ab.
        }
    .keep-secret = Behalten Sie ihn für sich. Niemand von { $service } wird Sie danach fragen.
    .not-you = Sie haben das nicht angefordert? Dann können Sie diese Mail ignorieren; ohne den Code geschieht nichts.

login =
    .subject = { $code } ist Ihr Anmeldecode für { $service }
    .preheader = Schließen Sie Ihre Anmeldung bei { $service } ab.
    .intro = Mit diesem Code schließen Sie Ihre Anmeldung bei { $service } ab:

recovery =
    .subject = { $code } setzt Ihr Passwort bei { $service } zurück
    .preheader = Wählen Sie ein neues Passwort für { $service }.
    .intro = Sie möchten ein neues Passwort für { $service } festlegen. Mit diesem Code geht es weiter:
    .not-you = Wenn Sie Ihr Passwort noch kennen und das nicht angefordert haben, brauchen Sie nichts zu tun.

email_verification =
    .subject = { $code } bestätigt Ihre Adresse bei { $service }
    .preheader = Bestätigen Sie, dass { $email } Ihnen gehört.
    .intro = Um zu bestätigen, dass { $email } Ihnen gehört, geben Sie diesen Code bei { $service } ein:

email_login_attempted =
    .subject = Anmeldung mit dieser Adresse bei { $service }
    .preheader = Für { $email } gibt es kein Konto.
    .intro = Jemand wollte sich mit { $email } bei { $service } anmelden. Zu dieser Adresse gibt es kein Konto, daher wurde kein Code ausgestellt.
    .was-you = Waren Sie das? Versuchen Sie es mit der Adresse, mit der Sie sich registriert haben, oder legen Sie ein Konto an.
    .was-not-you = Waren Sie das nicht? Dann brauchen Sie nichts zu tun.

email_registration_attempted =
    .subject = Diese Adresse wird bei { $service } schon benutzt
    .preheader = Für { $email } gibt es bereits ein Konto.
    .intro = Jemand wollte { $email } für ein Konto bei { $service } verwenden, die Adresse ist dort aber bereits vergeben.
    .was-you = Waren Sie das? Melden Sie sich stattdessen an, mit einem Code oder auf Ihrem üblichen Weg.
    .was-not-you = Waren Sie das nicht? Dann brauchen Sie nichts zu tun; Ihr Konto ist unverändert.

credentials_removed =
    .subject = Ihr Konto bei { $service } gehört jetzt nur Ihnen
    .preheader = Was vor der Bestätigung von { $email } eingerichtet war, wurde entfernt.
    .intro = Sie haben soeben { $email } bei { $service } bestätigt. Das Konto wurde angelegt, bevor jemand diese Adresse nachgewiesen hatte. Deshalb wurden alle Passwörter, Passkeys und Sitzungen aus dieser Zeit entfernt.
    .was-you = Haben Sie das Konto selbst angelegt? Dann ist nur Ihr altes Passwort oder Ihr alter Passkey weg; richten Sie ihn neu ein.
    .was-not-you = War es jemand anderes? Dann kann sich diese Person nicht mehr anmelden.

notice =
    .not-you = Wenn Sie das nicht waren, melden Sie sich jetzt bei { $service } an, ändern Sie Ihre Zugangsdaten und beenden Sie alle anderen Sitzungen.

password_update =
    .subject = Neues Passwort für Ihr Konto bei { $service }
    .preheader = Ihr Passwort wurde geändert.
    .intro = Das Passwort Ihres Kontos bei { $service } wurde soeben ersetzt.

primary_email_update =
    .subject = { $service }: Hauptadresse geändert
    .preheader = Von { $old } zu { $new }.
    .intro = { $service } schreibt ab jetzt an { $new } statt an { $old }. Dies ist die letzte Nachricht an die alte Adresse.

email_create =
    .subject = { $service }: Adresse hinzugefügt
    .preheader = { $new } gehört jetzt zu Ihrem Konto.
    .intro = { $new } ist jetzt eine der Adressen Ihres Kontos bei { $service }.

email_delete =
    .subject = { $service }: Adresse entfernt
    .preheader = { $removed } gehört nicht mehr zu Ihrem Konto.
    .intro = { $removed } ist keine Adresse Ihres Kontos bei { $service } mehr.

passkey_create =
    .subject = { $service }: Passkey hinzugefügt
    .preheader = Ein weiteres Gerät kann sich jetzt als Sie anmelden.
    .intro = Ab jetzt ist die Anmeldung an Ihrem Konto bei { $service } auch mit einem neuen Passkey möglich.

mfa_create =
    .subject = { $service }: zweiter Faktor hinzugefügt
    .preheader = Die Anmeldung verlangt jetzt einen weiteren Schritt.
    .intro = Sie können Anmeldungen bei { $service } jetzt mit einem zusätzlichen Faktor bestätigen.

mfa_delete =
    .subject = { $service }: zweiter Faktor entfernt
    .preheader = Ihr Konto hat einen Schutz weniger.
    .intro = Einer der zusätzlichen Anmeldefaktoren Ihres Kontos bei { $service } wurde entfernt.

password_recovery =
    .subject = Passwort bei { $service } zurückgesetzt
    .preheader = Ihr Passwort wurde mit einem Code zurückgesetzt.
    .intro = Das Passwort Ihres Kontos bei { $service } wurde mit einem Code zurückgesetzt, der an diese Adresse ging.

new_session =
    .subject = Neue Anmeldung bei { $service }
    .preheader = Angemeldet am { $time }.
    .intro =
        { $device ->
            [unknown] Jemand hat sich am { $time } an Ihrem Konto bei { $service } angemeldet, mit einem Gerät, das wir nicht erkennen.
           *[other] Jemand hat sich am { $time } an Ihrem Konto bei { $service } angemeldet, mit { $device }.
        }

password_limit =
    .subject = Zu viele falsche Passwörter bei { $service }
    .preheader = Die Anmeldung mit Ihrem Passwort ist für eine Weile ausgesetzt.
    .intro = Jemand hat für Ihr Konto bei { $service } zu oft ein falsches Passwort eingegeben. Zum Schutz des Kontos ist die Anmeldung mit dem Passwort für eine Weile ausgesetzt.
    .still-works = Passkeys, Codes per Mail und Geräte, die sich schon einmal angemeldet haben, funktionieren weiterhin.
    .nothing-to-do = Sie brauchen nichts zu tun; die Pause endet von selbst.
