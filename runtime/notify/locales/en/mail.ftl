# Mails in English. Values: $service, $email (the recipient); with a code also $code, $minutes (whole, at least 1);
# in notices of addresses $old, $new, $removed; in new_session $device (a name we know, or unknown) and $time.
# Formal but plain; no exclamation marks, no links; a code is never split.
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

notice =
    .not-you = If this was not you, sign in to { $service } now, change your credentials and end all other sessions.

password_update =
    .subject = New password for your { $service } account
    .preheader = Your password was changed.
    .intro = The password of your { $service } account has just been replaced.

primary_email_update =
    .subject = { $service }: main address changed
    .preheader = From { $old } to { $new }.
    .intro = { $service } now writes to { $new } instead of { $old }. This is the last notice to the old address.

email_create =
    .subject = { $service }: address added
    .preheader = { $new } can be used with your account.
    .intro = { $new } is now one of the addresses of your { $service } account.

email_delete =
    .subject = { $service }: address removed
    .preheader = { $removed } no longer belongs to your account.
    .intro = { $removed } is no longer an address of your { $service } account.

passkey_create =
    .subject = { $service }: passkey added
    .preheader = A device can now sign in as you.
    .intro = From now on a new passkey can be used to sign in to your { $service } account.

mfa_create =
    .subject = { $service }: second factor added
    .preheader = Signing in now asks for one more step.
    .intro = You can now confirm sign-ins to { $service } with an additional factor.

mfa_delete =
    .subject = { $service }: second factor removed
    .preheader = Your account lost a protection.
    .intro = One of the additional sign-in factors of your { $service } account is gone.

password_recovery =
    .subject = Your { $service } password was reset
    .preheader = Your password was reset with a code.
    .intro = The password of your { $service } account was reset with a code sent to this address.

new_session =
    .subject = New sign-in to { $service }
    .preheader = Signed in at { $time }.
    .intro =
        { $device ->
            [unknown] Somebody signed in to your { $service } account at { $time }, with a device that we do not recognise.
           *[other] Somebody signed in to your { $service } account at { $time }, with { $device }.
        }

password_limit =
    .subject = Too many wrong passwords at { $service }
    .preheader = Signing in with your password is paused for a while.
    .intro = Somebody typed a wrong password for your { $service } account too often. To protect it, signing in with the password is paused for a while.
    .still-works = Passkeys, codes sent by mail and devices that have signed in before still work.
    .nothing-to-do = There is nothing you need to do; the pause ends by itself.
