# Mails in English. Values: $code, $minutes (whole, at least 1), $service, $email (the recipient).
# Subjects stay on one line and under 60 characters with a code of 6 and a service name of 20 characters.

greeting = Hello,
footer = This mail was sent by { $service } to { $email }.

code =
    .validity =
        { $minutes ->
            [one] This code works once and expires in { $minutes } minute.
           *[other] This code works once and expires in { $minutes } minutes.
        }
    .keep-secret = Keep it to yourself. { $service } staff will never ask you for it.
    .not-you = Did not ask for this? Then you can ignore this mail; nothing happens without the code.

login =
    .subject = { $code } is your { $service } sign-in code
    .preheader = Finish signing in to { $service }.
    .intro = Here is the code to finish signing in to { $service }:

recovery =
    .subject = { $code } is your { $service } recovery code
    .preheader = Choose a new password for { $service }.
    .intro = You asked to set a new password for { $service }. Continue with this code:
    .not-you = If you still know your password and did not ask for this, you need not do anything.

email_verification =
    .subject = { $code } confirms your address for { $service }
    .preheader = Confirm that { $email } is yours.
    .intro = To confirm that { $email } belongs to you, type this code at { $service }:

email_login_attempted =
    .subject = A sign-in at { $service } with this address
    .preheader = There is no account for { $email }.
    .intro = Someone started to sign in at { $service } with { $email }. We have no account for this address, so no code was issued.
    .was-you = Was it you? Try the address you signed up with, or create an account.
    .was-not-you = Was it not you? There is nothing to do.

email_registration_attempted =
    .subject = This address is in use at { $service }
    .preheader = { $email } already has an account.
    .intro = Someone tried to use { $email } for an account at { $service }, but the address is already in use there.
    .was-you = Was it you? Sign in instead, with a code or with your usual method.
    .was-not-you = Was it not you? There is nothing to do; your account is unchanged.

credentials_removed =
    .subject = Your { $service } account is yours alone now
    .preheader = Passwords and passkeys set before you confirmed { $email } were removed.
    .intro = You have just confirmed { $email } at { $service }. The account was made before anybody had proven that this address is theirs, so every password, passkey and session from that time was removed.
    .was-you = Did you make the account yourself? Then only your old password or passkey is gone; set a new one.
    .was-not-you = Was it somebody else? They cannot sign in any more.
