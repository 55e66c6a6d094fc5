using System.IO.Pipes;
using System.Text.Json;

namespace Argosy.Cli.Processes;

/// <summary>Answers the other verbs while the fleet runs.</summary>
internal sealed class ControlServer : IAsyncDisposable
{
    private readonly string _name;
    private readonly Func<ControlRequest, CancellationToken, Task<ControlReply>> _answer;
    private readonly CancellationTokenSource _over = new();
    private readonly Task _accepting;
    private readonly HashSet<Task> _conversations = [];

    public ControlServer(DataFolder data, Func<ControlRequest, CancellationToken, Task<ControlReply>> answer)
    {
        (_name, _answer) = (ControlPipe.NameFor(data), answer);
        _accepting = AcceptAsync(Listen());
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _accepting;
        await Task.WhenAll(_conversations);
        _over.Dispose();
    }

    private NamedPipeServerStream Listen() => new(_name, PipeDirection.InOut, NamedPipeServerStream.MaxAllowedServerInstances,
        PipeTransmissionMode.Byte, PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);

    private async Task AcceptAsync(NamedPipeServerStream pipe)
    {
        try
        {
            while (true)
            {
                await pipe.WaitForConnectionAsync(_over.Token);
                _conversations.RemoveWhere(c => c.IsCompleted);
                _conversations.Add(ConverseAsync(pipe));
                pipe = Listen();
            }
        }
        catch (OperationCanceledException)
        {
            await pipe.DisposeAsync();
        }
    }

    private async Task ConverseAsync(NamedPipeServerStream pipe)
    {
        await using (pipe)
        {
            try
            {
                if (await ControlPipe.ReadRequestAsync(pipe, _over.Token) is { } request)
                {
                    var reply = await _answer(request, _over.Token);
                    await ControlPipe.WriteLineAsync(pipe, JsonSerializer.Serialize(reply, CliJson.Default.ControlReply), CancellationToken.None);
                }
            }
            catch (Exception e) when (e is IOException or JsonException or OperationCanceledException)
            {
                // whoever asked has gone, or asked for something that no verb of this version asks for
            }
        }
    }
}
