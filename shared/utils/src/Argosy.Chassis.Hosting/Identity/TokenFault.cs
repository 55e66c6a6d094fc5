namespace Argosy.Chassis.Hosting.Identity;

/// <summary>Why a token was refused. For logs and tests; the client learns only whether to fetch a new one.</summary>
internal enum TokenFault
{
    None,

    /// <summary>The Authorization header has another scheme, such as Basic.</summary>
    Scheme,

    /// <summary>Not a compact JWS of at most 8 KB whose header and payload are JSON objects with every member once.</summary>
    Malformed,

    /// <summary>The header has <c>crit</c>: we understand no critical extension, so RFC 7515 §4.1.11 has us refuse it.</summary>
    Critical,

    /// <summary>Not <c>at+jwt</c>: an ID token, a refresh token, somebody else's JWT.</summary>
    Type,

    /// <summary>None of ours, or not the one of the key that the token names.</summary>
    Algorithm,

    /// <summary>No <c>kid</c>, or none that the issuer publishes.</summary>
    UnknownKey,

    /// <summary>The signature is not that key's over this text.</summary>
    Signature,

    Issuer,

    Audience,

    /// <summary>Too old; a new one helps.</summary>
    Expired,

    /// <summary>No lifetime, or one that has not begun.</summary>
    Lifetime,

    /// <summary>A claim that RFC 9068 §2.2 requires is missing or of another type.</summary>
    Claims,

    /// <summary>Good in itself, but its session ended, or it was revoked.</summary>
    Revoked,

    /// <summary>The same of a token that was given for an API key, which nobody has logged in with.</summary>
    RevokedKey,

    /// <summary>Not the token's fault: the issuer's keys are not here yet.</summary>
    NoKeys,
}
