using System.Runtime.CompilerServices;
using System.Text;

namespace Argosy.Simulation;

/// <summary>A story as text, line by line. Off, it costs a comparison; the same seed with it on tells the same story.</summary>
internal sealed class Trace(TextWriter? output, int keep = 0)
{
    private readonly Queue<string> _last = [];

    public static Trace Off { get; } = new(null);

    public bool IsOn => output is not null || keep > 0;

    /// <summary>The last lines, where some are kept.</summary>
    public IReadOnlyCollection<string> Last => _last;

    public void Say(Turns turns, string who, [InterpolatedStringHandlerArgument("")] Line what)
    {
        if (IsOn)
        {
            Write(turns, who, what.ToString());
        }
    }

    public void Say(Turns turns, string who, string what)
    {
        if (IsOn)
        {
            Write(turns, who, what);
        }
    }

    private void Write(Turns turns, string who, string what)
    {
        var line = $"{turns.Taken,6} {turns.Now.TotalSeconds,12:0.000000} {who,-17} {what}";
        output?.Write(line + "\n");
        if (keep > 0)
        {
            _last.Enqueue(line);
            if (_last.Count > keep)
            {
                _last.Dequeue();
            }
        }
    }

    /// <summary>Text that is only made where somebody listens.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct Line
    {
        private readonly StringBuilder? _text;

        public Line(int literalLength, int formattedCount, Trace trace, out bool isOn)
        {
            isOn = trace.IsOn;
            _text = isOn ? new StringBuilder(literalLength + (formattedCount * 16)) : null;
        }

        public void AppendLiteral(string text) => _text!.Append(text);

        public void AppendFormatted<T>(T value) => _text!.Append(value);

        public void AppendFormatted(double value, string format) => _text!.Append(value.ToString(format));

        public override string ToString() => _text?.ToString() ?? "";
    }
}
