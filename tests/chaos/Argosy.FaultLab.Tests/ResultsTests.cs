using Argosy.Cli;
using Argosy.Cli.Terminal;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests;

/// <summary>A campaign of many sittings.</summary>
public sealed class ResultsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-results-").FullName;

    private string Path => System.IO.Path.Combine(_folder, "deeper", "results.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_sitting_goes_on_where_the_last_one_was_cut_short()
    {
        var trial = new Counting { CutShortAt = 4 };
        await Should.ThrowAsync<OperationCanceledException>(SitAsync(trial, 10));
        await File.AppendAllTextAsync(Path, "{\"kind\":\"cou", TestContext.Current.CancellationToken);      // killed while it wrote

        trial.CutShortAt = null;
        (await SitAsync(trial, 10)).ShouldBeTrue();

        trial.Ran.ShouldBe([1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 10]);
        new ResultsFile(Path).Read().Select(r => r.Seed).ShouldBe(Enumerable.Range(1, 10));
    }

    [Fact]
    public async Task One_run_that_does_not_hold_is_a_failure_in_every_later_sitting()
    {
        var trial = new Counting { Breaks = 2 };
        (await SitAsync(trial, 3)).ShouldBeFalse();
        (await SitAsync(trial, 3)).ShouldBeFalse();

        trial.Ran.ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task As_many_run_side_by_side_as_there_are_lanes_and_each_is_written_down()
    {
        var meeting = new Meeting(3);
        (await new Campaign(new Screen(), new ResultsFile(Path), lanes: 3).RunAsync([meeting], 9, "embedded", TestContext.Current.CancellationToken)).ShouldBeTrue();

        meeting.Most.ShouldBe(3);
        new ResultsFile(Path).Read().Select(r => r.Seed).Order().ShouldBe(Enumerable.Range(1, 9));
    }

    [Fact]
    public void A_line_that_is_no_result_is_named()
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        File.WriteAllText(Path, "{}\n{\"kind\":1}\n");

        Should.Throw<Refusal>(() => new ResultsFile(Path).Read()).Message.ShouldContain($"{Path}:");
    }

    private Task<bool> SitAsync(Counting trial, int runs) =>
        new Campaign(new Screen(), new ResultsFile(Path), lanes: 1).RunAsync([trial], runs, "embedded", TestContext.Current.CancellationToken);

    // The first runs end once so many are under way.
    private sealed class Meeting(int people) : ITrial
    {
        private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
        private readonly TaskCompletionSource _here = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _underWay;
        private int _most;

        public int Most => _most;

        public string Kind => "meeting";

        public IEnumerable<int> Seeds(int runs) => Enumerable.Range(1, runs);

        public async Task<TrialResult> RunAsync(int seed, CancellationToken ct)
        {
            lock (_here)
            {
                _most = Math.Max(_most, ++_underWay);
            }

            if (_most == people)
            {
                _here.TrySetResult();
            }

            await _here.Task.WaitAsync(Deadline, ct);
            lock (_here)
            {
                _underWay--;
            }

            return new TrialResult(Kind, seed, "embedded", ["0.0–1.0 s a fault"], 10, 5, 1, []);
        }
    }

    private sealed class Counting : ITrial
    {
        public int? CutShortAt { get; set; }

        public int? Breaks { get; init; }

        public List<int> Ran { get; } = [];

        public string Kind => "counting";

        public IEnumerable<int> Seeds(int runs) => Enumerable.Range(1, runs);

        public Task<TrialResult> RunAsync(int seed, CancellationToken ct)
        {
            Ran.Add(seed);
            return seed == CutShortAt ? throw new OperationCanceledException()
                : Task.FromResult(new TrialResult(Kind, seed, "embedded", ["0.0–1.0 s a fault"], 10, 5, 1, seed == Breaks ? ["book b: two captures"] : []));
        }
    }
}
