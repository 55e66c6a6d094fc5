using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Argosy.Mesh.Loading;

/// <summary>A YAML node that knows its path and where to complain. Reading goes on after a complaint, so that all are told at once.</summary>
public sealed class Node
{
    private readonly YamlNode _yaml;
    private readonly string _path;
    private readonly Reading _reading;

    internal Node(YamlNode yaml, string path, Reading reading) => (_yaml, _path, _reading) = (yaml, path, reading);

    /// <summary>Where it stands.</summary>
    public Origin Origin => _reading.OriginOf(_yaml);

    /// <summary>Complains of it; the message goes on after its path.</summary>
    public void Fail(string message) => _reading.Fail(_yaml, $"{Name} {message}");

    /// <summary>The field's value; null when it is absent or empty, and of the latter <see cref="AllowOnly"/> has told.</summary>
    public Node? Get(string field)
        => Find(field) is { } value && !IsEmpty(value) ? new Node(value, Join(field), _reading) : null;

    /// <summary>As <see cref="Get"/>; absent is an error.</summary>
    public Node? Require(string field)
    {
        if (_yaml is YamlMappingNode && Find(field) is null)
        {
            Fail($"lacks {field}");
        }

        return Get(field);
    }

    /// <summary>Complains of every field that isn't in the list (what is not obeyed must not be there), and of every empty one.</summary>
    public void AllowOnly(params ReadOnlySpan<string> fields)
    {
        if (_yaml is not YamlMappingNode)
        {
            Fail("must be a mapping");
            return;
        }

        foreach (var (key, value) in Mapping())
        {
            if (IsEmpty(value))
            {
                _reading.Fail(key, $"{Join(key.Value!)} is empty: give it a value or take it out");
            }
            else if (!fields.Contains(key.Value!))
            {
                _reading.Fail(key, $"{Join(key.Value!)} is not supported by Argosy (supported here: {string.Join(", ", fields.ToArray())})");
            }
        }
    }

    /// <summary>The items of a list.</summary>
    public IReadOnlyList<Node> Items()
    {
        if (_yaml is not YamlSequenceNode sequence)
        {
            Fail("must be a list");
            return [];
        }

        var items = new List<Node>(sequence.Children.Count);
        for (var i = 0; i < sequence.Children.Count; i++)
        {
            items.Add(new Node(sequence.Children[i], $"{_path}[{i}]", _reading));
        }

        return items;
    }

    /// <summary>All fields of a mapping, whatever their names.</summary>
    public IReadOnlyList<(string Key, Node Value)> Fields()
    {
        if (_yaml is not YamlMappingNode)
        {
            Fail("must be a mapping");
            return [];
        }

        var here = this;
        return [.. Mapping().Select(pair => (pair.Key.Value!, new Node(pair.Value, here.Join(pair.Key.Value!), here._reading)))];
    }

    /// <summary>Text, as Kubernetes understands it: an unquoted number or boolean is none.</summary>
    public string? Text()
    {
        if (_yaml is not YamlScalarNode { Value: { } text } scalar)
        {
            Fail("must be text");
            return null;
        }

        if (scalar.Style == ScalarStyle.Plain && IsAnotherType(text))
        {
            Fail($"must be text, and YAML reads {text} as something else: put it in quotes");
            return null;
        }

        return text;
    }

    /// <summary>A whole number within bounds.</summary>
    /// <param name="from">The least.</param>
    /// <param name="to">The greatest.</param>
    /// <param name="what">What it is called in a complaint.</param>
    public int? Number(int from, int to, string what = "whole number")
    {
        if (_yaml is YamlScalarNode { Style: ScalarStyle.Plain, Value: { } text }
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= from && number <= to)
        {
            return number;
        }

        Fail($"must be a {what} from {from} to {to}");
        return null;
    }

    /// <summary>A boolean, unquoted, as Kubernetes understands it.</summary>
    public bool? Boolean()
    {
        if (_yaml is YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } scalar)
        {
            return scalar.Value == "true";
        }

        Fail("must be true or false, without quotes");
        return null;
    }

    /// <summary>A duration in Go's syntax, as Istio has it: <c>500ms</c>, <c>1.5s</c>, <c>1m</c>. Zero is one too.</summary>
    public TimeSpan? Duration()
    {
        if (Text() is not { } text)
        {
            return null;
        }

        if (Durations.TryParse(text, out var value) && (value == TimeSpan.Zero || value >= TimeSpan.FromMilliseconds(1)))
        {
            return value;
        }

        Fail($"is {text}: write a duration of at least 1ms, such as 500ms, 1.5s or 1m");
        return null;
    }

    private string Name => _path.Length == 0 ? "the document" : _path;

    private IEnumerable<(YamlScalarNode Key, YamlNode Value)> Mapping()
    {
        if (_yaml is not YamlMappingNode mapping)
        {
            yield break;
        }

        foreach (var (key, value) in mapping.Children)
        {
            if (key is YamlScalarNode { Value: not null } scalar)
            {
                yield return (scalar, value);
            }
            else
            {
                _reading.Fail(key, $"{Name} has a key that is no text");
            }
        }
    }

    private YamlNode? Find(string field)
    {
        foreach (var (key, value) in Mapping())
        {
            if (string.Equals(key.Value, field, StringComparison.Ordinal))
            {
                return value;
            }
        }

        return null;
    }

    private static bool IsEmpty(YamlNode value) => value is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" };

    private string Join(string field) => _path.Length == 0 ? field : $"{_path}.{field}";

    private static bool IsAnotherType(string text)
        => text is "" or "~" or "null" or "Null" or "NULL" or "true" or "True" or "TRUE" or "false" or "False" or "FALSE"
            or "yes" or "Yes" or "YES" or "no" or "No" or "NO" or "on" or "On" or "ON" or "off" or "Off" or "OFF"
            || double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
}
