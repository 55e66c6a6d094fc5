using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Argosy.PaymentProvider;

/// <summary>Logs as one JSON object a line, with the members that every process of the platform writes.</summary>
internal sealed class JsonLines(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "json-lines";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("timestamp", time.GetUtcNow().UtcDateTime);
            json.WriteString("level", logEntry.LogLevel.ToString());
            json.WriteString("category", logEntry.Category);
            json.WriteString("message", logEntry.Formatter(logEntry.State, logEntry.Exception));
            json.WriteString("template", Template(logEntry.State));
            json.WriteString("trace_id", Activity.Current?.TraceId.ToHexString());
            json.WriteString("span_id", Activity.Current?.SpanId.ToHexString());
            json.WriteString("correlation_id", Activity.Current?.GetBaggageItem("correlation.id"));
            json.WriteString("service", "payment-provider");
            json.WriteString("exception", logEntry.Exception?.ToString());
            json.WriteEndObject();
        }

        textWriter.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }

    private static string? Template<TState>(TState state) => state is IReadOnlyList<KeyValuePair<string, object?>> values
        ? values.FirstOrDefault(v => v.Key == "{OriginalFormat}").Value as string
        : null;
}
