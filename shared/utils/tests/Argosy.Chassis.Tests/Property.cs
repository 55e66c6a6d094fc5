using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;
using Xunit;

namespace Argosy.Chassis.Tests;

/// <summary>
/// Runs a property on generated cases. The seed is printed; <c>ARGOSY_SEED=&lt;seed&gt;</c> runs the same cases again,
/// <c>ARGOSY_CASES=&lt;count&gt;</c> runs more of them. A failing case is shrunk, and the message ends with what it did.
/// </summary>
internal static class Property
{
    // SplitMix64 wants an odd gamma; one constant keeps a run's name a single number.
    private const ulong Gamma = 0x9E3779B97F4A7C15;

    public static void Holds<T>(Arbitrary<T> any, Action<T> holds, int count) => Run(config => Check.One(config, Prop.ForAll(any, holds)), count);

    /// <summary>As the other, for what has to be awaited.</summary>
    public static void Holds<T>(Arbitrary<T> any, Func<T, Task<bool>> holds, int count) => Run(config => Check.One(config, Prop.ForAll(any, holds)), count);

    private static void Run(Action<Config> check, int count)
    {
        var seed = Number("ARGOSY_SEED") ?? (ulong)Random.Shared.NextInt64();
        TestContext.Current.TestOutputHelper?.WriteLine($"ARGOSY_SEED={seed}");
        var config = Config.QuickThrowOnFailure
            .WithMaxTest(Number("ARGOSY_CASES") is { } cases ? (int)cases : count)
            .WithQuietOnSuccess(true)
            .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd(seed, Gamma), FSharpOption<int>.None)));
        try
        {
            check(config);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Replay with ARGOSY_SEED={seed}\n{e.Message}", e);
        }
    }

    private static ulong? Number(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
        ? ulong.Parse(text, CultureInfo.InvariantCulture)
        : null;
}
