using Argosy.Cli.Processes;

namespace Argosy.Cli.Tests;

/// <summary>A fleet of tiny processes in a folder of its own, gone with the test.</summary>
internal sealed class TinyFleet : IAsyncDisposable
{
    private static readonly SupervisionPolicy Quick = new() { ReadyWithin = TimeSpan.FromSeconds(30), StopWithin = TimeSpan.FromSeconds(10) };
    private bool _stopped;

    public TinyFleet(IEnumerable<ProcessPlan> plans, DataFolder data, SupervisionPolicy? policy = null, TimeProvider? time = null)
    {
        Data = data;
        Fleet = new Fleet(plans, data, policy ?? Quick, time ?? TimeProvider.System);
    }

    public DataFolder Data { get; }

    public Fleet Fleet { get; }

    public FleetState? State => new StateFile(Data.State).Read();

    public static DataFolder NewFolder()
    {
        var data = new DataFolder(Directory.CreateTempSubdirectory("argosy-test-").FullName);
        data.Create();
        return data;
    }

    public static ProcessPlan Plan(DataFolder data, string name, params (string Name, string Value)[] settings)
    {
        var port = Ports.Free([name])[name];
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["SERVICE_NAME"] = name, ["SERVICE_PORT"] = $"{port}" };
        foreach (var (key, value) in settings)
        {
            environment[key] = value;
        }

        return new ProcessPlan(name, [DotnetHost.Path, typeof(TinyFleet).Assembly.Location, "tiny"], port, data.Of(name), environment);
    }

    public static TinyFleet Of(params string[] names)
    {
        var data = NewFolder();
        return new TinyFleet([.. names.Select(n => Plan(data, n))], data);
    }

    public int PidOf(string name) => State!.Processes.First(p => p.Name == name).Pid!.Value;

    public async Task<StopSummary> StopAsync()
    {
        _stopped = true;
        return await Fleet.StopAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopped)
        {
            await Fleet.StopAsync(new CancellationToken(canceled: true));
        }

        Fleet.Dispose();
        Directory.Delete(Data.Root, recursive: true);
    }
}
