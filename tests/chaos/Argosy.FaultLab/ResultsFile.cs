using System.Text.Json;
using System.Text.Json.Serialization;
using Argosy.Cli;

namespace Argosy.FaultLab;

/// <summary>What was run so far, a line of JSON for each run: whoever comes back goes on after the last.</summary>
internal sealed class ResultsFile(string path)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        IgnoreReadOnlyProperties = true,
    };

    public string Path => path;

    /// <summary>All of them. A last line that was cut short belongs to a run that is done again.</summary>
    public IReadOnlyList<TrialResult> Read()
    {
        if (!File.Exists(path))
        {
            return [];
        }

        var text = File.ReadAllText(path);
        var whole = text[..(text.LastIndexOf('\n') + 1)];
        return [.. whole.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
    }

    /// <summary>On the disk when it returns.</summary>
    public void Add(TrialResult result)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        file.SetLength(EndOfLastLine(file));
        file.Seek(0, SeekOrigin.End);
        file.Write([.. JsonSerializer.SerializeToUtf8Bytes(result, Json), (byte)'\n']);
        file.Flush(flushToDisk: true);
    }

    private static long EndOfLastLine(FileStream file)
    {
        for (var end = file.Length; end > 0; end--)
        {
            file.Seek(end - 1, SeekOrigin.Begin);
            if (file.ReadByte() == '\n')
            {
                return end;
            }
        }

        return 0;
    }

    private TrialResult Parse(string line, int index)
    {
        try
        {
            return JsonSerializer.Deserialize<TrialResult>(line, Json) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new Refusal($"{path}:{index + 1} is no result of a run: {e.Message}; move the file away to begin anew");
        }
    }
}
