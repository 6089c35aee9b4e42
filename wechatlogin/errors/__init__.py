"""Everything that can go wrong, as one tree.

Each error has a stable `code` for programs, an HTTP `status`, and a `message` for people: the
Chinese sentence is the gettext msgid, so a rendering translates it. An error is rendered in one
place per format (`web/errors.py`, and each compat module's map); nobody else builds error bodies.

    LoginError
    ├── InvalidRequest            a parameter is missing, doubled or malformed      (requests)
    │   ├── ParameterWrong        the same; `field` names it
    │   │   └── ParameterMissing
    │   ├── BodyNotAccepted       411, 413 or 415: the body's size or kind
    │   └── ForeignOrigin         a form sent from another site
    ├── NotInWeChat               the page only works in WeChat's own browser
    ├── LoginRequired             nobody is logged in
    ├── MetricsNotPermitted       neither on this machine nor with the token for it
    ├── SchemaAhead               the database has the tables of a newer release, which do not serve
    ├── SchemaBehind              the database has the tables of an older release
    ├── RateLimited               too often; carries `resets_in`
    ├── InvalidRequest            what a program asks for itself                    (programs)
    │   ├── RedirectUnknown       no application has exactly this redirect URI
    │   ├── AppidRefused          the application cannot use the WeChat app that it names
    │   ├── AuthorizationRequestUnknown   it waits no longer
    │   ├── SettingRefused        an application or WeChat app cannot be so; see its `field`
    │   ├── LogoRefused           a picture that is none, or too large
    │   ├── UserDomainMalformed   it cannot be the name of a user domain
    │   └── CountryUnknown        not a mobile country code
    ├── ApplicationUnknown        no program has this client id, or this user domain
    ├── DeliveryUnknown           an application has no such webhook message, or no longer
    ├── ApplicationDisabled       its operator has stopped it
    ├── CountryNotServed          its user domain is for other countries
    ├── OriginUnknown             the page that opened a window is none of the application's
    ├── SignatureWrong            a request is not signed with the application's secret
    ├── ApiKeyWrong               no program has this API key, or none that may use it
    ├── AccessTokenWithheld   WeChat's access token is not handed to this program
    ├── TokenInvalid              a token that is not one of ours, or no longer
    ├── CodeReused            an authorization code that was exchanged before
    ├── TicketInvalid         a page's ticket that is unknown, used up or expired
    ├── OpenidUnknown             WeChat's name for a person is not known any more
    ├── UserUnknown               a person whom an application knew is no more
    ├── NotFollowing              the person does not follow the account
    ├── KeyUnknown                no signing key has this id
    ├── KeyInUse                  a signing key that cannot be retired
    ├── AttemptError              what happens to a login attempt                   (logins)
    │   ├── AttemptNotFound       unknown, or not this browser's: the two look the same
    │   ├── AttemptExpired
    │   ├── AttemptDeclined
    │   ├── AttemptTaken          somebody else scanned first
    │   ├── AttemptNotReady       not confirmed yet
    │   ├── AttemptSpent          already claimed
    │   ├── PolledTooSoon         a device asks for it more often than it was told to
    │   ├── NoticeDue             its person has yet to agree to the privacy notice
    │   ├── NoticeRefused         they have refused to
    │   └── AccountLeft           no longer logged in to the account it would add to
    ├── AuthorizationError        WeChat's page sent the person back without a login
    │   ├── AuthorizationRefused  no code came back: the person refused
    │   ├── AuthorizationInvalid  state or code is missing, foreign, expired or used up
    │   ├── CookieMissing         the browser keeps no cookie, so it may be another one
    │   └── SnapshotUser          WeChat showed a snapshot page with a made-up person
    ├── CodeError                 a verification code
    │   ├── CodeWrong             wrong, expired and used up look the same
    │   ├── UserCodeWrong         the same of one that a device shows
    │   └── CodeTriesExhausted
    ├── UserBanned                an operator lets the person no longer in
    ├── NumberWrong               no login waits for the number that was sent
    ├── FollowUnknowable          a follower is required, but no account can tell who follows
    ├── IdentityError             a person's own identities
    │   ├── IdentityNotFound      unknown, or not this person's: the two look the same
    │   └── LastIdentity          taking it away would lock the person out
    ├── MergeError                two users that are, or may be, one person
    │   ├── MergeNotFound
    │   ├── MergeDecided          it stands already as it shall
    │   └── MergeImpossible       one of the two is gone, or would have no identity
    ├── PushRefused               a push that WeChat cannot have sent               (accounts)
    ├── OperatorCredentialsWrong
    ├── OperatorNotPermitted      the operator's role does not go so far
    ├── OperatorUnknown
    ├── OperatorExists            another operator has the name
    ├── OperatorNameRefused       nobody can be called so
    ├── OperatorPasswordRefused   it is too weak; the message says why
    ├── LastAdmin                 nobody else could change anything
    ├── OperatorNotLinked         the WeChat that was shown is no operator's
    ├── OperatorLinkTaken         it is another operator's
    ├── ForwardingFailed          a push that the owner's other program did not take
    ├── NoticeNotTaken            a log-out that an application's server was not told of
    ├── ForwardURLRefused         an address that pushes cannot be forwarded to
    ├── ReplyRefused              a text for the chat cannot be saved; the message says why
    ├── VerificationFileRefused   a file that WeChat would not take; the message says why
    ├── TemplateRefused           a message template cannot carry codes; the message says why
    ├── WeChatAppInUse            an application names it, so it cannot be removed
    ├── NotConfigured             no WeChat app can do what is asked
    │   └── RightMissing          there is one, but its kind has not the right
    └── WeChatError               WeChat's answer; its subclasses are in `wechat/errors.py`
"""

from wechatlogin.errors.accounts import (
    ForwardingFailed,
    ForwardURLRefused,
    LastAdmin,
    NotConfigured,
    NoticeNotTaken,
    OperatorCredentialsWrong,
    OperatorExists,
    OperatorLinkTaken,
    OperatorNameRefused,
    OperatorNotLinked,
    OperatorNotPermitted,
    OperatorPasswordRefused,
    OperatorUnknown,
    PushRefused,
    ReplyRefused,
    RightMissing,
    TemplateRefused,
    VerificationFileRefused,
    WeChatAppInUse,
    WeChatError,
)
from wechatlogin.errors.logins import (
    AccountLeft,
    AttemptDeclined,
    AttemptError,
    AttemptExpired,
    AttemptNotFound,
    AttemptNotReady,
    AttemptSpent,
    AttemptTaken,
    AuthorizationError,
    AuthorizationInvalid,
    AuthorizationRefused,
    CodeError,
    CodeTriesExhausted,
    CodeWrong,
    CookieMissing,
    FollowUnknowable,
    IdentityError,
    IdentityNotFound,
    LastIdentity,
    MergeDecided,
    MergeError,
    MergeImpossible,
    MergeNotFound,
    NoticeDue,
    NoticeRefused,
    NumberWrong,
    PolledTooSoon,
    SnapshotUser,
    UserBanned,
    UserCodeWrong,
)
from wechatlogin.errors.programs import (
    AccessTokenWithheld,
    ApiKeyWrong,
    AppidRefused,
    ApplicationDisabled,
    ApplicationUnknown,
    AuthorizationRequestUnknown,
    CodeReused,
    CountryNotServed,
    CountryUnknown,
    DeliveryUnknown,
    KeyInUse,
    KeyUnknown,
    LogoRefused,
    NotFollowing,
    OpenidUnknown,
    OriginUnknown,
    RedirectUnknown,
    SettingRefused,
    SignatureWrong,
    TicketInvalid,
    TokenInvalid,
    UserDomainMalformed,
    UserUnknown,
)
from wechatlogin.errors.requests import (
    BodyNotAccepted,
    ForeignOrigin,
    InvalidRequest,
    LoginError,
    LoginRequired,
    MetricsNotPermitted,
    NotInWeChat,
    ParameterMissing,
    ParameterWrong,
    RateLimited,
    SchemaAhead,
    SchemaBehind,
)

__all__ = [
    "AccessTokenWithheld",
    "AccountLeft",
    "ApiKeyWrong",
    "AppidRefused",
    "ApplicationDisabled",
    "ApplicationUnknown",
    "AttemptDeclined",
    "AttemptError",
    "AttemptExpired",
    "AttemptNotFound",
    "AttemptNotReady",
    "AttemptSpent",
    "AttemptTaken",
    "AuthorizationError",
    "AuthorizationInvalid",
    "AuthorizationRefused",
    "AuthorizationRequestUnknown",
    "BodyNotAccepted",
    "CodeError",
    "CodeReused",
    "CodeTriesExhausted",
    "CodeWrong",
    "CookieMissing",
    "CountryNotServed",
    "CountryUnknown",
    "DeliveryUnknown",
    "FollowUnknowable",
    "ForeignOrigin",
    "ForwardURLRefused",
    "ForwardingFailed",
    "IdentityError",
    "IdentityNotFound",
    "InvalidRequest",
    "KeyInUse",
    "KeyUnknown",
    "LastAdmin",
    "LastIdentity",
    "LoginError",
    "LoginRequired",
    "LogoRefused",
    "MergeDecided",
    "MergeError",
    "MergeImpossible",
    "MergeNotFound",
    "MetricsNotPermitted",
    "NotConfigured",
    "NotFollowing",
    "NotInWeChat",
    "NoticeDue",
    "NoticeNotTaken",
    "NoticeRefused",
    "NumberWrong",
    "OpenidUnknown",
    "OperatorCredentialsWrong",
    "OperatorExists",
    "OperatorLinkTaken",
    "OperatorNameRefused",
    "OperatorNotLinked",
    "OperatorNotPermitted",
    "OperatorPasswordRefused",
    "OperatorUnknown",
    "OriginUnknown",
    "ParameterMissing",
    "ParameterWrong",
    "PolledTooSoon",
    "PushRefused",
    "RateLimited",
    "RedirectUnknown",
    "ReplyRefused",
    "RightMissing",
    "SchemaAhead",
    "SchemaBehind",
    "SettingRefused",
    "SignatureWrong",
    "SnapshotUser",
    "TemplateRefused",
    "TicketInvalid",
    "TokenInvalid",
    "UserBanned",
    "UserCodeWrong",
    "UserDomainMalformed",
    "UserUnknown",
    "VerificationFileRefused",
    "WeChatAppInUse",
    "WeChatError",
]
