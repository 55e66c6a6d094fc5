using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Telemetry;

/// <summary>One log record as one line of JSON. Line breaks and control characters inside values come out escaped, so nobody forges a line.</summary>
/// <param name="service">Whose log it is.</param>
public sealed class JsonLogFormat(string service) : ILogFormat
{
    private const string Template = "{OriginalFormat}";
    private const int LongestText = 16 * 1024;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? _json;

    /// <inheritdoc/>
    public byte[] Compose<TState>(
        DateTimeOffset at, LogLevel level, string category, TState state, Exception? exception, string message)
    {
        _buffer ??= new ArrayBufferWriter<byte>(1024);
        _json ??= new Utf8JsonWriter(_buffer, Options);
        _buffer.ResetWrittenCount();
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteString("timestamp", at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        _json.WriteString("level", NameOf(level));
        _json.WriteString("service", service);
        _json.WriteString("category", category);
        _json.WriteString("message", Cut(message));
        var properties = state as IReadOnlyList<KeyValuePair<string, object?>>;
        WriteTemplate(_json, properties);
        WriteTrace(_json);
        if (exception is not null)
        {
            _json.WriteString("exception", Cut(exception.ToString()));
        }

        WriteFields(_json, properties);
        _json.WriteEndObject();
        _json.Flush();
        _buffer.Write("\n"u8);
        return _buffer.WrittenSpan.ToArray();
    }

    private static void WriteTemplate(Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>>? properties)
    {
        // By convention of Microsoft.Extensions.Logging it is the last one.
        if (properties is { Count: > 0 } && properties[^1] is { Key: Template, Value: string template })
        {
            json.WriteString("template", Cut(template));
        }
    }

    private static void WriteTrace(Utf8JsonWriter json)
    {
        if (Activity.Current is { } activity)
        {
            json.WriteString("trace_id", activity.TraceId.ToHexString());
            json.WriteString("span_id", activity.SpanId.ToHexString());
            if (activity.GetBaggageItem(Correlation.Baggage) is { } correlation)
            {
                json.WriteString("correlation_id", correlation);
            }
        }
    }

    private static void WriteFields(Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>>? properties)
    {
        if (properties is null || properties.Count == 0 || (properties.Count == 1 && properties[0].Key == Template))
        {
            return;
        }

        json.WriteStartObject("fields");
        for (var i = 0; i < properties.Count; i++)
        {
            var (name, value) = properties[i];
            if (name != Template)
            {
                json.WritePropertyName(name);
                WriteValue(json, value);
            }
        }

        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null: json.WriteNullValue(); break;
            case string text: json.WriteStringValue(Cut(text)); break;
            case bool flag: json.WriteBooleanValue(flag); break;
            case int number: json.WriteNumberValue(number); break;
            case long number: json.WriteNumberValue(number); break;
            case double number when double.IsFinite(number): json.WriteNumberValue(number); break;
            case DateTimeOffset instant: json.WriteStringValue(instant.UtcDateTime); break;
            default: json.WriteStringValue(Cut(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")); break;
        }
    }

    private static string Cut(string text) => text.Length <= LongestText ? text : $"{text.AsSpan(0, LongestText)}…";

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "information",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        _ => "critical",
    };
}
