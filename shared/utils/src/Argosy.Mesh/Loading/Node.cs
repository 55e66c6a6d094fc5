using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Argosy.Mesh.Loading;

/// <summary>A YAML node that knows its path and where to complain. Reading goes on after a complaint, so that all are told at once.</summary>
internal sealed class Node(YamlNode yaml, string path, Reading reading)
{
    public Origin Origin => reading.OriginOf(yaml);

    public void Fail(string message) => reading.Fail(yaml, $"{Name} {message}");

    /// <summary>The field's value; null when it is absent or empty, and of the latter <see cref="AllowOnly"/> has told.</summary>
    public Node? Get(string field)
        => Find(field) is { } value && !IsEmpty(value) ? new Node(value, Join(field), reading) : null;

    public Node? Require(string field)
    {
        if (yaml is YamlMappingNode && Find(field) is null)
        {
            Fail($"lacks {field}");
        }

        return Get(field);
    }

    /// <summary>Complains of every field that isn't in the list (what is not obeyed must not be there), and of every empty one.</summary>
    public void AllowOnly(params ReadOnlySpan<string> fields)
    {
        if (yaml is not YamlMappingNode)
        {
            Fail("must be a mapping");
            return;
        }

        foreach (var (key, value) in Mapping())
        {
            if (IsEmpty(value))
            {
                reading.Fail(key, $"{Join(key.Value!)} is empty: give it a value or take it out");
            }
            else if (!fields.Contains(key.Value!))
            {
                reading.Fail(key, $"{Join(key.Value!)} is not supported by Argosy (supported here: {string.Join(", ", fields.ToArray())})");
            }
        }
    }

    public List<Node> Items()
    {
        if (yaml is not YamlSequenceNode sequence)
        {
            Fail("must be a list");
            return [];
        }

        var items = new List<Node>(sequence.Children.Count);
        for (var i = 0; i < sequence.Children.Count; i++)
        {
            items.Add(new Node(sequence.Children[i], $"{path}[{i}]", reading));
        }

        return items;
    }

    public List<(string Key, Node Value)> Fields()
    {
        if (yaml is not YamlMappingNode)
        {
            Fail("must be a mapping");
            return [];
        }

        var here = this;
        return [.. Mapping().Select(pair => (pair.Key.Value!, new Node(pair.Value, here.Join(pair.Key.Value!), here.Reading)))];
    }

    /// <summary>Text, as Kubernetes understands it: an unquoted number or boolean is none.</summary>
    public string? Text()
    {
        if (yaml is not YamlScalarNode { Value: { } text } scalar)
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

    public int? Port()
    {
        if (yaml is YamlScalarNode { Style: ScalarStyle.Plain, Value: { } text }
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535)
        {
            return port;
        }

        Fail("must be a port number from 1 to 65535");
        return null;
    }

    private Reading Reading => reading;

    private string Name => path.Length == 0 ? "the document" : path;

    private IEnumerable<(YamlScalarNode Key, YamlNode Value)> Mapping()
    {
        if (yaml is not YamlMappingNode mapping)
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
                reading.Fail(key, $"{Name} has a key that is no text");
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

    private string Join(string field) => path.Length == 0 ? field : $"{path}.{field}";

    private static bool IsAnotherType(string text)
        => text is "" or "~" or "null" or "Null" or "NULL" or "true" or "True" or "TRUE" or "false" or "False" or "FALSE"
            or "yes" or "Yes" or "YES" or "no" or "No" or "NO" or "on" or "On" or "ON" or "off" or "Off" or "OFF"
            || double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
}
