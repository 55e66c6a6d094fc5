namespace Argosy.PaymentProvider;

/// <summary>
/// With ARGOSY_EXIT_WITH_STDIN=1 the process ends when its standard input does: a launcher that dies, however it dies,
/// leaves nobody behind.
/// </summary>
internal static class OrphanGuard
{
    public static void Watch(IHostApplicationLifetime life)
    {
        if (Environment.GetEnvironmentVariable("ARGOSY_EXIT_WITH_STDIN") != "1")
        {
            return;
        }

        var thread = new Thread(() =>
        {
            using var input = Console.OpenStandardInput();
            Span<byte> ignored = stackalloc byte[64];
            while (input.Read(ignored) > 0)
            {
                // Whatever is said is not for us; only the end counts.
            }

            life.StopApplication();
        })
        { IsBackground = true, Name = "orphan guard" };
        thread.Start();
    }
}
