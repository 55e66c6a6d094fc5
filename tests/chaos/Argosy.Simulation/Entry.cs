using System.Diagnostics;
using System.Globalization;

namespace Argosy.Simulation;

/// <summary>
/// <c>--seeds N [--from S]</c>: tells N stories, one line at the end. <c>--seed S</c>: tells one on standard output, every turn of it,
/// the same bytes each time, and on standard error whether every law held. Exit codes: 0 all laws held, 1 one did not, 2 the command line is wrong.
/// </summary>
internal static class Entry
{
    private const int LastSteps = 30;

    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["--seed", var seed] when Number(seed) is { } one:
                return await TellAsync(one);
            case ["--seeds", var count] when Number(count) is { } many:
                return await RunAsync(1, many);
            case ["--seeds", var count, "--from", var from] when Number(count) is { } many && Number(from) is { } first:
                return await RunAsync(first, many);
            default:
                await Console.Error.WriteLineAsync("usage: --seeds N [--from S] | --seed S, with whole numbers from 0 on");
                return 2;
        }
    }

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static async Task<int> TellAsync(int seed)
    {
        await using var fleet = await Fleet.MakeAsync();
        await using var output = new StreamWriter(Console.OpenStandardOutput(), bufferSize: 1 << 16);
        string? broken = null;
        long turns = 0;
        try
        {
            turns = await World.TellAsync(seed, fleet, new Trace(output));
        }
        catch (LawBrokenException e)
        {
            broken = e.Message;
        }

        await output.FlushAsync();      // the verdict comes after the story where both go to one terminal
        await Console.Error.WriteLineAsync(broken is null ? $"seed {seed}, {turns} steps: every law held" : $"seed {seed} broke a law: {broken}");
        return broken is null ? 0 : 1;
    }

    private static async Task<int> RunAsync(int first, int count)
    {
        var began = Stopwatch.StartNew();
        var run = await Campaign.RunAsync(first, count);
        if (run.Broken is not { } broken)
        {
            Console.WriteLine($"{count} stories from seed {first} in {began.Elapsed.TotalSeconds:0.0} s, {run.Turns} steps: every law held");
            return 0;
        }

        await using var fleet = await Fleet.MakeAsync();
        var trace = new Trace(null, LastSteps);
        try
        {
            await World.TellAsync(broken.Seed, fleet, trace);
        }
        catch (LawBrokenException)
        {
            // It was the same before; this time its last steps were kept.
        }

        Console.WriteLine(string.Join('\n', trace.Last));
        Console.WriteLine($"seed {broken.Seed} broke a law: {broken.How}\n./argosy sim --seed {broken.Seed} tells all of it");
        return 1;
    }
}
