using Microsoft.Extensions.Primitives;

namespace Argosy.Gateway.Limits;

/// <summary>What an answer says of the quotas that its request was counted by (draft-ietf-httpapi-ratelimit-headers-11, 3 and 4).</summary>
internal sealed class Said
{
    private string[] _policies = [];
    private string[] _limits = [];

    /// <summary>Said when the answer begins, whoever gives it: until then it may be taken back and begun anew.</summary>
    public static Said On(HttpResponse response)
    {
        var said = new Said();
        response.OnStarting(static state => ((Turn)state).WriteAsync(), new Turn(said, response));
        return said;
    }

    /// <summary>It is counted by these.</summary>
    public void Declare(IEnumerable<Bucket> buckets) => _policies = [.. buckets.Select(bucket => bucket.Policy)];

    /// <summary>One of them has counted.</summary>
    public void Counted(Bucket bucket, Drawn drawn) => _limits = bucket.Limit(drawn) is { } limit ? [.. _limits, limit] : _limits;

    private sealed record Turn(Said Said, HttpResponse Response)
    {
        public Task WriteAsync()
        {
            Write("RateLimit-Policy", Said._policies);
            Write("RateLimit", Said._limits);
            return Task.CompletedTask;
        }

        private void Write(string header, string[] items) =>
            Response.Headers[header] = items.Length == 0 ? StringValues.Empty : string.Join(", ", items);
    }
}
