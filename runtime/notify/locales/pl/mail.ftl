# Wiadomości po polsku. Wartości: zob. en/mail.ftl. Nazwa stoi zawsze po słowie „serwis” lub „konto”, więc się nie odmienia.

greeting = Dzień dobry,
footer = Tę wiadomość wysłał serwis { $service } na adres { $email }.

code =
    .validity =
        { $minutes ->
            [one] Kod jest jednorazowy i wygasa za { $minutes } minutę.
            [few] Kod jest jednorazowy i wygasa za { $minutes } minuty.
            [many] Kod jest jednorazowy i wygasa za { $minutes } minut.
           *[other] Kod jest jednorazowy i wygasa za { $minutes } minuty.
        }
    .keep-secret = Prosimy nikomu go nie podawać. Pracownicy serwisu { $service } nigdy o niego nie poproszą.
    .not-you = Jeśli nie prosili Państwo o ten kod, mogą Państwo zignorować tę wiadomość; bez kodu nic się nie stanie.

login =
    .subject = { $code } to kod logowania do serwisu { $service }
    .preheader = Dokończenie logowania w serwisie { $service }.
    .intro = Oto kod, który pozwoli dokończyć logowanie w serwisie { $service }:

recovery =
    .subject = { $code } to kod zmiany hasła w serwisie { $service }
    .preheader = Wybór nowego hasła w serwisie { $service }.
    .intro = Otrzymaliśmy prośbę o ustawienie nowego hasła w serwisie { $service }. Prosimy kontynuować, podając ten kod:
    .not-you = Jeśli pamiętają Państwo swoje hasło i nie prosili o zmianę, nie trzeba nic robić.

email_verification =
    .subject = { $code } potwierdza adres w serwisie { $service }
    .preheader = Prosimy potwierdzić, że { $email } to Państwa adres.
    .intro = Aby potwierdzić, że { $email } to Państwa adres, prosimy wpisać ten kod w serwisie { $service }:

email_login_attempted =
    .subject = Próba logowania tym adresem w serwisie { $service }
    .preheader = Dla adresu { $email } nie ma konta.
    .intro = Ktoś próbował zalogować się w serwisie { $service }, podając adres { $email }. Dla tego adresu nie ma konta, dlatego nie wydano kodu.
    .was-you = Jeśli to Państwo, prosimy użyć adresu podanego przy rejestracji albo założyć konto.
    .was-not-you = Jeśli to nie Państwo, nie trzeba nic robić.

email_registration_attempted =
    .subject = Ten adres jest już używany w serwisie { $service }
    .preheader = Dla adresu { $email } istnieje już konto.
    .intro = Ktoś próbował użyć adresu { $email } do konta w serwisie { $service }, ale ten adres jest tam już używany.
    .was-you = Jeśli to Państwo, prosimy zamiast tego zalogować się kodem albo w zwykły sposób.
    .was-not-you = Jeśli to nie Państwo, nie trzeba nic robić; Państwa konto się nie zmieniło.

credentials_removed =
    .subject = Konto { $service } należy teraz tylko do Państwa
    .preheader = Usunięto to, co ustawiono przed potwierdzeniem adresu { $email }.
    .intro = Właśnie potwierdzili Państwo adres { $email } w serwisie { $service }. Konto powstało, zanim ktokolwiek udowodnił, że ten adres należy do niego, dlatego usunięto wszystkie hasła, klucze dostępu i sesje z tego czasu.
    .was-you = Jeśli sami założyli Państwo to konto, zniknęło tylko dawne hasło lub dawny klucz dostępu; prosimy ustawić nowe.
    .was-not-you = Jeśli zrobił to ktoś inny, nie może się już zalogować.

notice =
    .not-you = Jeśli to nie Państwo, prosimy od razu zalogować się w serwisie { $service }, zmienić dane logowania i zakończyć wszystkie inne sesje.

password_update =
    .subject = Nowe hasło do konta w serwisie { $service }
    .preheader = Hasło zostało zmienione.
    .intro = Hasło do Państwa konta w serwisie { $service } zostało właśnie zmienione.

primary_email_update =
    .subject = { $service }: zmieniono główny adres
    .preheader = Z { $old } na { $new }.
    .intro = Serwis { $service } pisze teraz na adres { $new } zamiast na { $old }. To ostatnia wiadomość na poprzedni adres.

email_create =
    .subject = { $service }: dodano adres
    .preheader = Adresu { $new } można używać z Państwa kontem.
    .intro = { $new } jest teraz jednym z adresów Państwa konta w serwisie { $service }.

email_delete =
    .subject = { $service }: usunięto adres
    .preheader = { $removed } nie należy już do Państwa konta.
    .intro = { $removed } nie jest już adresem Państwa konta w serwisie { $service }.

passkey_create =
    .subject = { $service }: dodano klucz dostępu
    .preheader = Kolejne urządzenie może się teraz logować w Państwa imieniu.
    .intro = Od teraz do Państwa konta w serwisie { $service } można zalogować się nowym kluczem dostępu.

mfa_create =
    .subject = { $service }: dodano drugi składnik
    .preheader = Logowanie wymaga teraz jeszcze jednego kroku.
    .intro = Logowanie w serwisie { $service } można teraz potwierdzać dodatkowym składnikiem.

mfa_delete =
    .subject = { $service }: usunięto drugi składnik
    .preheader = Państwa konto straciło jedno zabezpieczenie.
    .intro = Jeden z dodatkowych składników logowania do Państwa konta w serwisie { $service } został usunięty.

password_recovery =
    .subject = Zresetowano hasło w serwisie { $service }
    .preheader = Hasło zostało zresetowane za pomocą kodu.
    .intro = Hasło do Państwa konta w serwisie { $service } zostało zresetowane za pomocą kodu wysłanego na ten adres.

new_session =
    .subject = Nowe logowanie w serwisie { $service }
    .preheader = Czas logowania: { $time }.
    .intro =
        { $device ->
            [unknown] Do Państwa konta w serwisie { $service } zalogowano się z urządzenia, którego nie rozpoznajemy. Czas logowania: { $time }.
           *[other] Do Państwa konta w serwisie { $service } zalogowano się z urządzenia: { $device }. Czas logowania: { $time }.
        }

password_limit =
    .subject = Zbyt wiele błędnych haseł w serwisie { $service }
    .preheader = Logowanie hasłem jest na pewien czas wstrzymane.
    .intro = Zbyt wiele razy podano błędne hasło do Państwa konta w serwisie { $service }. Aby je chronić, logowanie hasłem jest na pewien czas wstrzymane.
    .still-works = Klucze dostępu, kody wysyłane e-mailem i urządzenia, z których już się logowano, nadal działają.
    .nothing-to-do = Nie trzeba nic robić; przerwa zakończy się sama.
