using System.Diagnostics;
using System.Text;
using OpenTelemetry;

namespace Argosy.Chassis.Hosting.Telemetry;

/// <summary>
/// Takes out of a span what a client has made up: paths with something in them, queries, names of programs. A customer pastes a token into
/// an address, and it would be in the traces of everybody for weeks. Which route it was, the span says anyway.
/// </summary>
internal sealed class WithoutClientsWords : BaseProcessor<Activity>
{
    private static readonly string[] MadeUp = ["url.query", "user_agent.original"];

    public override void OnEnd(Activity data)
    {
        foreach (var name in MadeUp)
        {
            data.SetTag(name, null);
        }

        // A path that is its route, letter by letter, says nothing of anybody.
        if (data.GetTagItem("url.path") is string path && path.TrimEnd('/') != (data.GetTagItem("http.route") as string)?.TrimEnd('/'))
        {
            data.SetTag("url.path", null);
        }

        if (data.GetTagItem("url.full") is string full && Uri.TryCreate(full, UriKind.Absolute, out var uri))
        {
            data.SetTag("url.full", uri.GetLeftPart(UriPartial.Authority));
        }
    }
}

/// <summary>What a span says of an exception.</summary>
internal static class Failures
{
    /// <summary>
    /// Its type and where it was thrown, as OpenTelemetry's conventions name them, and the same of what caused it. Not its message, which the
    /// framework's own method would add: there the client's words would be again.
    /// </summary>
    public static void AddFailure(this Activity span, Exception failure)
    {
        var trace = new StringBuilder();
        for (var e = failure; e is not null; e = e.InnerException)
        {
            trace.Append(e.GetType().FullName).Append('\n').Append(e.StackTrace).Append('\n');
        }

        span.AddEvent(new ActivityEvent("exception", tags: new ActivityTagsCollection { ["exception.type"] = failure.GetType().FullName, ["exception.stacktrace"] = trace.ToString() }));
    }
}
