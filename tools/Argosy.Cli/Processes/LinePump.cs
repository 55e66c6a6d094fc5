namespace Argosy.Cli.Processes;

/// <summary>Moves what a process says into its log, in blocks of whole lines.</summary>
internal sealed class LinePump(Stream source, Action<ReadOnlyMemory<byte>> sink)
{
    // A line that is longer than this is passed on in pieces; memory stays bounded whatever a process says.
    private const int BufferSize = 64 * 1024;

    public async Task RunAsync()
    {
        var buffer = new byte[BufferSize];
        var filled = 0;
        while (await ReadAsync(buffer.AsMemory(filled)) is var read and > 0)
        {
            filled += read;
            var whole = buffer.AsSpan(0, filled).LastIndexOf((byte)'\n') + 1;
            if (whole == 0 && filled == buffer.Length)
            {
                whole = filled;
            }

            sink(buffer.AsMemory(0, whole));
            buffer.AsSpan(whole, filled - whole).CopyTo(buffer);
            filled -= whole;
        }

        if (filled > 0)
        {
            sink(buffer.AsMemory(0, filled));
            sink("\n"u8.ToArray());
        }
    }

    private async Task<int> ReadAsync(Memory<byte> free)
    {
        try
        {
            return await source.ReadAsync(free);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return 0; // the process is gone, and its pipe with it
        }
    }
}
