using System.Globalization;
using Argosy.Mesh.Loading;

namespace Argosy.FaultLab.Experiments.Files;

/// <summary>
/// The environment variables of an experiment: all that Litmus lets one say of it. Each is asked for once; an empty one means, as at
/// Litmus, the usual value, and one that nobody asked for is an error.
/// </summary>
internal sealed class Variables
{
    private readonly Dictionary<string, (Node Name, Node Value, string Text)> _given = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _understood = new(StringComparer.Ordinal);

    private readonly Node _owner;

    /// <param name="owner">The experiment.</param>
    /// <param name="list">Its <c>env</c>.</param>
    public Variables(Node owner, Node? list)
    {
        _owner = owner;
        foreach (var item in list?.Items() ?? [])
        {
            item.AllowOnly("name", "value");
            if (item.Require("name") is { } name && name.Text() is { } known && item.Require("value") is { } value && value.Text() is { } text
                && !_given.TryAdd(known, (name, value, text)))
            {
                name.Fail($"is {known} for the second time");
            }
        }
    }

    public string? Text(string name)
    {
        _understood.Add(name);
        return _given.TryGetValue(name, out var given) && given.Text.Length > 0 ? given.Text : null;
    }

    public int Number(string name, int usual, int from, int to)
    {
        if (Text(name) is not { } text)
        {
            return usual;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= from && number <= to)
        {
            return number;
        }

        Fail(name, string.Create(CultureInfo.InvariantCulture, $"is {text}: write a whole number from {from} to {to}"));
        return usual;
    }

    public TimeSpan Seconds(string name, int usual, int from = 1) => TimeSpan.FromSeconds(Number(name, usual, from, 3600));

    public TimeSpan Milliseconds(string name, int usual, int from = 0) => TimeSpan.FromMilliseconds(Number(name, usual, from, 600_000));

    public string OneOf(string name, string usual, params string[] values)
    {
        if (Text(name) is not { } text)
        {
            return usual;
        }

        if (!values.Contains(text, StringComparer.Ordinal))
        {
            Fail(name, $"is {text}, and takes {string.Join(", ", values)} here");
        }

        return text;
    }

    /// <summary>What says how a cluster does it, and nothing of what is done.</summary>
    public void ForTheClusterOnly(params string[] names) => _understood.UnionWith(names);

    /// <summary>Complains of the value of one.</summary>
    public void Fail(string name, string message) => _given[name].Value.Fail($"of {name} {message}");

    /// <summary>Complains that one isn't there, or that its value won't do.</summary>
    public void Require(string name, string advice)
    {
        if (_given.TryGetValue(name, out var given))
        {
            given.Value.Fail($"of {name} is {(given.Text.Length == 0 ? "empty" : given.Text)}: {advice}");
        }
        else
        {
            _owner.Fail($"lacks {name} in its env: {advice}");
        }
    }

    public void RefuseOthers(string kind)
    {
        foreach (var (name, given) in _given.Where(given => !_understood.Contains(given.Key)))
        {
            given.Name.Fail($"is {name}, which {kind} doesn't understand here: take it out, or use one of {string.Join(", ", _understood)}");
        }
    }
}
