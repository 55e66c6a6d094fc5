using Argosy.Chassis.Sqlite;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Hosting.Admin;

/// <summary>
/// This service's part in a backup of the fleet: its database at the instant at which nobody in the fleet committed anything. The protocol:
/// <list type="number">
/// <item>Begin: stop committing, for <see cref="Lease"/> at most, and take a snapshot. Whoever orders the backup does this everywhere.</item>
/// <item>Release, everywhere: commits go on. Where they had not gone on by themselves before, the snapshots belong together.</item>
/// <item>The snapshot is copied into a file beside the database, while everything goes on; whoever ordered it takes it from there.</item>
/// </list>
/// One at a time: a new one ends the one before. Where nobody comes back, the snapshot is given up after a minute, and the file after an hour.
/// </summary>
internal sealed partial class Backups(IStore store, ServiceOptions options, TimeProvider time, ILogger<Backups> log) : IAsyncDisposable
{
    /// <summary>How long commits may be held up.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly string _folder = Path.Combine(options.DataDirectory, "backup");
    private Current? _current;

    /// <summary>The id of what was begun, or null where this service keeps its data elsewhere.</summary>
    public async Task<BackupView?> BeginAsync(CancellationToken cancellation)
    {
        if (store is not SqliteStore sqlite)
        {
            return null;
        }

        await _turn.WaitAsync(cancellation);
        try
        {
            await EndAsync();
            var current = new Current(Ids.New(time), await sqlite.HoldAsync(Lease, cancellation));
            current.GiveUp = time.CreateTimer(_ => _ = GiveUpAsync(current), null, Forgotten, Kept);
            _current = current;
            LogHeld();
            return current.View;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Commits go on, and the copy begins. Null where there is no such backup.</summary>
    public async Task<BackupView?> ReleaseAsync(string id, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (_current is not { } current || current.View.Id != id)
            {
                return null;
            }

            if (current.View.State == BackupState.Held)
            {
                var held = current.Snapshot.Release();
                LogReleased(held);
                current.View = current.View with { State = held ? BackupState.Copying : BackupState.Expired };
                current.Copying = held ? Task.Run(() => CopyAsync(current), CancellationToken.None) : current.Snapshot.DisposeAsync().AsTask();
            }

            return current.View;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>How far it is; null where there is no such backup.</summary>
    public BackupView? Find(string id) => Volatile.Read(ref _current) is { } current && current.View.Id == id ? current.View : null;

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _turn.Dispose();
    }

    private async Task CopyAsync(Current current)
    {
        try
        {
            var file = Path.Combine(_folder, $"{current.View.Id}.db");
            CreatePrivate();
            current.Snapshot.CopyTo(file);
            current.View = current.View with { State = BackupState.Copied, File = file };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Microsoft.Data.Sqlite.SqliteException)
        {
            LogFailed(e);
            current.View = current.View with { State = BackupState.Failed };
        }
        finally
        {
            await current.Snapshot.DisposeAsync();      // as long as it is open the log of the database only grows
        }
    }

    // It holds all of the database: for nobody else's eyes.
    private void CreatePrivate()
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(_folder);
        }
        else
        {
            Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private async Task GiveUpAsync(Current forgotten)
    {
        await _turn.WaitAsync();
        try
        {
            if (_current == forgotten && (forgotten.View.State == BackupState.Held || forgotten.IsOld))
            {
                await EndAsync();
            }

            forgotten.IsOld = true;
        }
        finally
        {
            _turn.Release();
        }
    }

    // What an earlier one has left behind, in this process or the one before, goes with it.
    private async Task EndAsync()
    {
        if (_current is { } current)
        {
            _current = null;
            await current.Copying;
            await current.EndAsync();
        }

        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Nothing is committed while a backup is taken")]
    private partial void LogHeld();

    [LoggerMessage(Level = LogLevel.Information, Message = "Commits go on; the backup's snapshot holds: {Held}")]
    private partial void LogReleased(bool held);

    [LoggerMessage(Level = LogLevel.Error, Message = "The backup's snapshot cannot be copied")]
    private partial void LogFailed(Exception error);

    private sealed class Current(string id, SqliteSnapshot snapshot)
    {
        private BackupView _view = new(id, BackupState.Held, null);

        public SqliteSnapshot Snapshot { get; } = snapshot;

        public ITimer? GiveUp { get; set; }

        public bool IsOld { get; set; }

        public Task Copying { get; set; } = Task.CompletedTask;

        public BackupView View
        {
            get => Volatile.Read(ref _view);
            set => Volatile.Write(ref _view, value);
        }

        public async Task EndAsync()
        {
            await Snapshot.DisposeAsync();
            if (GiveUp is not null)
            {
                await GiveUp.DisposeAsync();
            }
        }
    }
}

internal enum BackupState
{
    /// <summary>Nothing is committed.</summary>
    Held,

    /// <summary>It took too long until it was released: what others have may be of another instant.</summary>
    Expired,

    /// <summary>Commits go on, and the file is written.</summary>
    Copying,

    /// <summary>The file is whole.</summary>
    Copied,

    /// <summary>The file could not be written; the log says why.</summary>
    Failed,
}

/// <param name="Id">By which it is released and asked for.</param>
/// <param name="State">How far it is.</param>
/// <param name="File">Where it lies, when it is copied: on the service's own machine.</param>
internal sealed record BackupView(string Id, BackupState State, string? File) : IExample<BackupView>
{
    public static BackupView Example { get; } = new("0195946a-4c11-7c55-b1f0-3f8c2d6e9a01", BackupState.Copying, null);
}
