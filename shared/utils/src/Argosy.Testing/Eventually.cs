namespace Argosy.Testing;

/// <summary>Waiting in tests: for a condition, never for a while.</summary>
public static class Eventually
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    /// <summary>Returns as soon as the condition holds.</summary>
    /// <exception cref="TimeoutException">It did not hold within <paramref name="within"/> (10 s when null).</exception>
    public static async Task HoldsAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null)
    {
        using var deadline = new CancellationTokenSource(within ?? TimeSpan.FromSeconds(10));
        while (!await condition())
        {
            if (deadline.IsCancellationRequested)
            {
                throw new TimeoutException($"It never came to pass that {what}.");
            }

            await Task.Delay(Poll);
        }
    }

    /// <summary>As the other, for conditions that need no waiting of their own.</summary>
    public static Task HoldsAsync(Func<bool> condition, string what, TimeSpan? within = null) =>
        HoldsAsync(() => Task.FromResult(condition()), what, within);

    /// <summary>Returns as soon as there is something, and that.</summary>
    public static async Task<T> HasAsync<T>(Func<Task<T?>> look, string what, TimeSpan? within = null) where T : class
    {
        T? found = null;
        await HoldsAsync(async () => (found = await look()) is not null, what, within);
        return found!;
    }
}
