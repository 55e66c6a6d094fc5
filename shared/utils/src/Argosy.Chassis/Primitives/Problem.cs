namespace Argosy.Chassis;

/// <summary>
/// A refusal, as a value. Rules return it, handlers pass it on, and one function turns it into RFC 9457 problem details.
/// </summary>
/// <param name="Status">The HTTP status it becomes, 400 to 599.</param>
/// <param name="Code">A stable, lower-case name such as <c>order.shipped</c>; it becomes <c>urn:argosy:problem:order.shipped</c>.</param>
/// <param name="Detail">One sentence for the person who asked. Never internals, never secrets.</param>
public sealed record Problem(int Status, string Code, string Detail)
{
    /// <summary>The short summary of this kind of problem; the same for every occurrence of a status.</summary>
    public string Title { get; init; } = TitleOf(Status);

    /// <summary>What kind of problem it is, as a URI: our own by the code, unless a standard has one.</summary>
    public string Type { get; init; } = $"urn:argosy:problem:{Code}";

    /// <summary>How long the caller should wait before asking again.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>What is wrong with which member of the request, where that is what went wrong.</summary>
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    /// <summary>Which quotas are used up, where that is the refusal (draft-ietf-httpapi-ratelimit-headers-11, 5.1).</summary>
    public IReadOnlyList<string>? ViolatedPolicies { get; init; }

    /// <summary>400: the request cannot be understood or breaks its contract.</summary>
    public static Problem Invalid(string code, string detail) => new(400, code, detail);

    /// <summary>400 with the errors of each member; collected by <see cref="Validation"/>.</summary>
    public static Problem Invalid(IReadOnlyDictionary<string, string[]> errors)
    {
        var (member, messages) = errors.First();
        var more = errors.Count > 1 || messages.Length > 1 ? "; there is more in errors." : ".";
        return new(400, "request.invalid", $"{member} {messages[0]}{more}") { Errors = errors };
    }

    /// <summary>401: the caller did not prove who they are.</summary>
    public static Problem Unauthorized(string code, string detail) => new(401, code, detail);

    /// <summary>403: the caller is known and may not do this.</summary>
    public static Problem Forbidden(string code, string detail) => new(403, code, detail);

    /// <summary>404: there is no such thing, or the caller may not know of it.</summary>
    public static Problem NotFound(string code, string detail) => new(404, code, detail);

    /// <summary>409: the thing is in a state that does not allow this.</summary>
    public static Problem Conflict(string code, string detail) => new(409, code, detail);

    /// <summary>412: the <c>If-Match</c> sent is not the version that is there now.</summary>
    public static Problem PreconditionFailed(string code, string detail) => new(412, code, detail);

    /// <summary>422: the request is well formed and a rule refuses it.</summary>
    public static Problem Unprocessable(string code, string detail) => new(422, code, detail);

    /// <summary>429: the caller asks too often.</summary>
    public static Problem TooMany(string code, string detail, TimeSpan? retryAfter = null) =>
        new(429, code, detail) { RetryAfter = retryAfter };

    /// <summary>503: something this answer needs is away; the same request may succeed later.</summary>
    public static Problem Unavailable(string code, string detail, TimeSpan? retryAfter = null) =>
        new(503, code, detail) { RetryAfter = retryAfter };

    /// <summary>429: the caller has used up the quota of a policy (draft-ietf-httpapi-ratelimit-headers-11, 5.1).</summary>
    public static Problem QuotaExceeded(string policy, string detail, TimeSpan retryAfter) => TooMany("quota-exceeded", detail, retryAfter) with
    {
        Type = "https://iana.org/assignments/http-problem-types#quota-exceeded",
        Title = "Quota exceeded",
        ViolatedPolicies = [policy],
    };

    /// <summary>503: there is more to do than can be done in time, and nothing has been done of this (draft-ietf-httpapi-ratelimit-headers-11, 5.2).</summary>
    public static Problem ReducedCapacity(string detail, TimeSpan retryAfter) => Unavailable("temporary-reduced-capacity", detail, retryAfter) with
    {
        Type = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
        Title = "Temporary reduced capacity",
    };

    private static string TitleOf(int status) => status switch
    {
        400 => "Bad request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not found",
        405 => "Method not allowed",
        406 => "Not acceptable",
        408 => "Request timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length required",
        412 => "Precondition failed",
        413 => "Content too large",
        414 => "URI too long",
        415 => "Unsupported media type",
        422 => "Unprocessable content",
        428 => "Precondition required",
        429 => "Too many requests",
        431 => "Request header fields too large",
        502 => "Bad gateway",
        503 => "Service unavailable",
        504 => "Gateway timeout",
        >= 400 and < 500 => "Client error",
        >= 500 and < 600 => "Internal server error",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "A problem has a status from 400 to 599."),
    };
}
