# 简体中文邮件。变量见 en/mail.ftl。

greeting = 您好：
footer = 此邮件由 { $service } 发送至 { $email }。

code =
    .validity =
        { $minutes ->
           *[other] 此验证码仅可使用一次，将在 { $minutes } 分钟后失效。
        }
    .keep-secret = 请勿将验证码告诉他人。{ $service } 的工作人员绝不会向您索要验证码。
    .not-you = 如果这不是您本人的请求，可以忽略此邮件；没有验证码，不会发生任何变化。

login =
    .subject = { $code } 是您的 { $service } 登录验证码
    .preheader = 完成 { $service } 登录。
    .intro = 请使用以下验证码完成 { $service } 登录：

recovery =
    .subject = { $code } 是您的 { $service } 密码重置验证码
    .preheader = 为 { $service } 设置新密码。
    .intro = 您请求为 { $service } 设置新密码。请使用以下验证码继续：
    .not-you = 如果您仍记得密码，且未提出此请求，则无需进行任何操作。

email_verification =
    .subject = { $code } 用于确认您在 { $service } 的邮箱地址
    .preheader = 请确认 { $email } 是您的邮箱地址。
    .intro = 为确认 { $email } 是您的邮箱地址，请在 { $service } 输入以下验证码：

email_login_attempted =
    .subject = 有人尝试使用此邮箱地址登录 { $service }
    .preheader = { $email } 没有对应的账户。
    .intro = 有人尝试使用 { $email } 登录 { $service }。此地址没有对应的账户，因此未发放验证码。
    .was-you = 如果是您本人，请尝试注册时使用的邮箱地址，或创建账户。
    .was-not-you = 如果不是您本人，则无需进行任何操作。

email_registration_attempted =
    .subject = 此邮箱地址已在 { $service } 使用
    .preheader = { $email } 已有账户。
    .intro = 有人尝试将 { $email } 用于 { $service } 账户，但此地址已被使用。
    .was-you = 如果是您本人，请改为登录，可使用验证码或您惯用的方式。
    .was-not-you = 如果不是您本人，则无需进行任何操作；您的账户没有变化。

credentials_removed =
    .subject = 您的 { $service } 账户现在只属于您
    .preheader = 在确认 { $email } 之前设置的内容已被移除。
    .intro = 您刚刚在 { $service } 确认了 { $email }。该账户在有人证明拥有此地址之前就已创建，因此当时的所有密码、通行密钥和会话均已移除。
    .was-you = 如果账户由您本人创建，那么失效的只是您的旧密码或旧通行密钥，请重新设置。
    .was-not-you = 如果是他人创建，此人已无法再登录。

notice =
    .not-you = 如果不是您本人操作，请立即登录 { $service }，更改您的登录凭据，并结束所有其他会话。

password_update =
    .subject = 您的 { $service } 账户密码已更换
    .preheader = 您的密码已更改。
    .intro = 您的 { $service } 账户密码刚刚被更换。

primary_email_update =
    .subject = { $service }：主要邮箱地址已更改
    .preheader = 由 { $old } 改为 { $new }。
    .intro = { $service } 今后将发送邮件至 { $new }，而不再发送至 { $old }。这是发往旧地址的最后一封通知。

email_create =
    .subject = { $service }：已添加邮箱地址
    .preheader = { $new } 可用于您的账户。
    .intro = { $new } 现在是您 { $service } 账户的邮箱地址之一。

email_delete =
    .subject = { $service }：已移除邮箱地址
    .preheader = { $removed } 不再属于您的账户。
    .intro = { $removed } 不再是您 { $service } 账户的邮箱地址。

passkey_create =
    .subject = { $service }：已添加通行密钥
    .preheader = 现在多了一台设备可以用您的身份登录。
    .intro = 从现在起，可以使用新的通行密钥登录您的 { $service } 账户。

mfa_create =
    .subject = { $service }：已添加第二重验证
    .preheader = 现在登录需要多一步验证。
    .intro = 您现在可以使用额外的验证方式确认 { $service } 登录。

mfa_delete =
    .subject = { $service }：已移除第二重验证
    .preheader = 您的账户少了一重保护。
    .intro = 您 { $service } 账户的一种额外登录验证方式已被移除。

password_recovery =
    .subject = 您的 { $service } 密码已重置
    .preheader = 您的密码已通过验证码重置。
    .intro = 您的 { $service } 账户密码已通过发送至此地址的验证码重置。

new_session =
    .subject = { $service } 有新的登录
    .preheader = 登录时间：{ $time }。
    .intro =
        { $device ->
            [unknown] 您的 { $service } 账户于 { $time } 在一台无法识别的设备上登录。
           *[other] 您的 { $service } 账户于 { $time } 通过 { $device } 登录。
        }

password_limit =
    .subject = { $service } 密码错误次数过多
    .preheader = 密码登录已暂停一段时间。
    .intro = 您的 { $service } 账户输入错误密码的次数过多。为保护账户，密码登录已暂停一段时间。
    .still-works = 通行密钥、邮件验证码以及您曾经登录过的设备仍可使用。
    .nothing-to-do = 您无需进行任何操作；暂停会自动结束。
