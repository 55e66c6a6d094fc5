using System.Diagnostics;
using System.Globalization;

namespace Argosy.Simulation;

/// <summary>
/// <c>--seeds N [--from S]</c>: tells N stories, one line at the end. <c>--seed S</c>: tells one on standard output, every turn of it,
/// the same bytes each time, and on standard error whether every law held. A story that breaks a law is made as short as it goes, and what
/// is left of its schedule is written to a file; <c>--plan FILE</c> tells that. Exit codes: 0 all laws held, 1 one did not, 2 the command
/// line, or the file, is wrong.
/// </summary>
internal static class Entry
{
    private const int LastSteps = 30;

    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["--seed", var seed] when Number(seed) is { } one:
                return await TellAsync(one, null);
            case ["--plan", var file]:
                return await TellAsync(file);
            case ["--seeds", var count] when Number(count) is { } many:
                return await RunAsync(1, many);
            case ["--seeds", var count, "--from", var from] when Number(count) is { } many && Number(from) is { } first:
                return await RunAsync(first, many);
            default:
                await Console.Error.WriteLineAsync("usage: --seeds N [--from S] | --seed S | --plan FILE, with whole numbers from 0 on");
                return 2;
        }
    }

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static async Task<int> TellAsync(string file)
    {
        try
        {
            var schedule = Schedule.Read(await File.ReadAllTextAsync(file));
            return await TellAsync(schedule.Seed, schedule);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            await Console.Error.WriteLineAsync($"{file} is no plan of a story: {e.Message}");
            return 2;
        }
    }

    private static async Task<int> TellAsync(int seed, Schedule? schedule)
    {
        await using var fleet = await Fleet.MakeAsync();
        await using var output = new StreamWriter(Console.OpenStandardOutput(), bufferSize: 1 << 16);
        string? broken = null;
        long turns = 0;
        try
        {
            turns = await World.TellAsync(seed, fleet, new Trace(output), misfortunes: new Misfortunes(schedule));
        }
        catch (LawBrokenException e)
        {
            broken = e.Message;
        }

        await output.FlushAsync();      // the verdict comes after the story where both go to one terminal
        var story = schedule is null ? $"seed {seed}" : $"seed {seed} with {schedule.Strikes.Count} faults";
        await Console.Error.WriteLineAsync(broken is null ? $"{story}, {turns} steps: every law held" : $"{story} broke a law: {broken}");
        if (broken is not null && schedule is null)
        {
            await Console.Error.WriteLineAsync(await ShortestAsync(seed, fleet));
        }

        return broken is null ? 0 : 1;
    }

    /// <summary>Shrinks the story of a seed that broke a law, writes what is left, and says what that is.</summary>
    private static async Task<string> ShortestAsync(int seed, Fleet fleet)
    {
        var shrinker = new Shrinker(fleet);
        var shortest = await shrinker.ShrinkAsync(seed) ?? throw new InvalidOperationException($"seed {seed} broke a law once, and then none: it is not the same story each time.");
        var file = Path.GetFullPath($"sim-seed-{seed}.json");
        await File.WriteAllTextAsync(file, shortest.Write());
        return $"{shortest}\n(the shortest of {shrinker.Told} stories)\n./argosy sim --plan {file} tells it";
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
        Console.WriteLine($"seed {broken.Seed} broke a law: {broken.How}\n./argosy sim --seed {broken.Seed} tells all of it\n{await ShortestAsync(broken.Seed, fleet)}");
        return 1;
    }
}
