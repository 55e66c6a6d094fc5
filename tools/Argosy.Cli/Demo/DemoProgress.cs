using Argosy.Cli.Terminal;
using Spectre.Console;

namespace Argosy.Cli.Demo;

/// <summary>How far a run is: two bars on a terminal, a line every few seconds elsewhere.</summary>
internal sealed class DemoProgress(Screen screen, int orders)
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Line = TimeSpan.FromSeconds(5);
    private int _accepted;
    private int _confirmed;
    private int _shipped;
    private int _cancelled;
    private int _other;

    private int Ended => _confirmed + _shipped + _cancelled + _other;

    public void Accepted() => Interlocked.Increment(ref _accepted);

    public void HasEnded(OrderRecord record) => Interlocked.Increment(ref CounterOf(record.Ended));

    public Task<T> ShowAsync<T>(Task<T> work, CancellationToken ct) => screen.Messages.Profile.Capabilities.Interactive
        ? BarsAsync(work, ct)
        : LinesAsync(work, ct);

    private ref int CounterOf(Ending? ended)
    {
        switch (ended)
        {
            case Ending.Confirmed:
                return ref _confirmed;
            case Ending.Shipped:
                return ref _shipped;
            case Ending.Cancelled:
                return ref _cancelled;
            default:
                return ref _other;
        }
    }

    private async Task<T> BarsAsync<T>(Task<T> work, CancellationToken ct) =>
        await screen.Messages.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .StartAsync(async context =>
            {
                var accepted = context.AddTask("accepted", maxValue: orders);
                var ended = context.AddTask("ended", maxValue: orders);
                while (!work.IsCompleted)
                {
                    (accepted.Value, ended.Value) = (_accepted, Ended);
                    (accepted.Description, ended.Description) = ($"accepted {_accepted} of {orders}", $"ended {Counts()}");
                    await Task.WhenAny(work, Task.Delay(Frame, ct));
                }

                return await work;
            });

    private async Task<T> LinesAsync<T>(Task<T> work, CancellationToken ct)
    {
        while (await Task.WhenAny(work, Task.Delay(Line, ct)) != work)
        {
            ct.ThrowIfCancellationRequested();
            screen.Say($"demo: {_accepted} of {orders} accepted, {_accepted - Ended} in flight, {Ended} ended ({Counts()})");
        }

        return await work;
    }

    private string Counts() => $"{_confirmed} confirmed, {_shipped} shipped, {_cancelled} cancelled" + (_other > 0 ? $", {_other} otherwise" : "");
}
