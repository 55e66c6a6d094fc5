using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Argosy.Chassis.Redis.Client;
using Argosy.Chassis.Redis.Resp;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Redis;

/// <summary>
/// Keeps one connection to Redis. The protocol:
/// <list type="number">
/// <item>Connect, with TLS where the address says so; <c>HELLO 3</c> with the credentials and our name; <c>SELECT</c> the database.</item>
/// <item>Whoever listens begins its session (<see cref="OnSession"/>): subscribes, and makes up for what it may have missed.</item>
/// <item>Commands go through. Without a connection they fail at once: nobody waits for Redis to come back.</item>
/// <item>A heartbeat asks whether Redis is there. Answers and pushes come in one order, so an answered heartbeat proves that everything
/// published before it was sent has been heard (<see cref="SinceHeard"/>).</item>
/// <item>Silence or an error ends the connection; after a pause that doubles, with jitter, it begins again.</item>
/// </list>
/// </summary>
public sealed partial class RedisClient : IAsyncDisposable
{
    private readonly RedisOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private RedisConnection? _connection;
    private Task _running = Task.CompletedTask;
    private long _heard;
    private string? _fault = "is not connected yet";

    /// <summary>A client that has not begun; <see cref="Start"/> begins.</summary>
    public RedisClient(RedisOptions options, TimeProvider time, ILogger<RedisClient> log) => (_options, _time, _log) = (options, time, log);

    /// <summary>Whether commands go through now.</summary>
    public bool IsConnected => Volatile.Read(ref _connection) is not null;

    /// <summary>What is wrong, for <c>/ready</c>: without addresses or credentials. Null while all is well.</summary>
    public string? Fault => Volatile.Read(ref _fault);

    /// <summary>How long ago we surely had heard everything that had been published; null without a connection.</summary>
    public TimeSpan? SinceHeard => IsConnected ? _time.GetElapsedTime(Volatile.Read(ref _heard)) : null;

    /// <summary>Set before the start: begins a session on a new connection, before commands of others.</summary>
    internal Func<RedisConnection, CancellationToken, Task>? OnSession { get; set; }

    /// <summary>Set before the start: takes what Redis pushes, on the reader's thread.</summary>
    internal Action<RespValue>? OnPush { get; set; }

    internal TimeSpan CommandTimeout => _options.CommandTimeout;

    /// <summary>Begins connecting, and goes on with it until disposed.</summary>
    public void Start() => _running = Task.Run(() => RunAsync(_stop.Token));

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    /// <summary>Sends, and waits for the answer for <see cref="RedisOptions.CommandTimeout"/>.</summary>
    /// <exception cref="RedisException">Refused, busy, not connected, or no answer in time.</exception>
    internal Task<RespValue> SendAsync(RedisCommand command, CancellationToken cancellation) =>
        Volatile.Read(ref _connection) is { } connection
            ? connection.SendAsync(command, _options.CommandTimeout, cancellation)
            : Task.FromException<RespValue>(new RedisUnavailableException("There is no connection to Redis."));

    private async Task RunAsync(CancellationToken stop)
    {
        var failures = 0;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = await OpenAsync(stop);
                await BeginAsync(connection, stop);
                failures = 0;
                await BeatAsync(connection, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e) when (IsOfTheConnection(e))
            {
                Note(e);
            }
            finally
            {
                Volatile.Write(ref _connection, null);
            }

            await Task.Delay(Pause(failures++), _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static bool IsOfTheConnection(Exception e) =>
        e is RedisException or RespException or IOException or SocketException or AuthenticationException or OperationCanceledException or ObjectDisposedException;

    private async Task<RedisConnection> OpenAsync(CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(_options.ConnectTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stop);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        RedisConnection? connection = null;
        try
        {
            await socket.ConnectAsync(_options.Url.Host, _options.Url.Port, either.Token);
            stream = new NetworkStream(socket, ownsSocket: true);
            if (_options.Url.IsTls)
            {
                stream = await EncryptAsync(stream, either.Token);
            }

            connection = new RedisConnection(stream, _options.InFlight, push => OnPush?.Invoke(push), _time);
            await GreetAsync(connection, either.Token);
            return connection;
        }
        catch (Exception e)
        {
            if (connection is not null)
            {
                await connection.DisposeAsync();
            }

            stream?.Dispose();
            socket.Dispose();
            throw e is OperationCanceledException && !stop.IsCancellationRequested
                ? new RedisUnavailableException($"{_options.Url} did not take the connection within {_options.ConnectTimeout.TotalSeconds:0} s.", e) : Rethrown(e);
        }
    }

    private static Exception Rethrown(Exception e) => e is RedisException ? e : new RedisUnavailableException(e.Message, e);

    private async Task<Stream> EncryptAsync(Stream plain, CancellationToken cancellation)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = _options.Url.Host };
        if (_options.Authorities is { } authorities)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(authorities);
            options.CertificateChainPolicy = policy;
        }

        var encrypted = new SslStream(plain, leaveInnerStreamOpen: false);
        try
        {
            await encrypted.AuthenticateAsClientAsync(options, cancellation);
            return encrypted;
        }
        catch
        {
            await encrypted.DisposeAsync();
            throw;
        }
    }

    private async Task GreetAsync(RedisConnection connection, CancellationToken cancellation)
    {
        var url = _options.Url;
        var hello = url.Password is { } password
            ? RedisCommand.Of("HELLO", "3", "AUTH", url.User!, password, "SETNAME", _options.ClientName)
            : RedisCommand.Of("HELLO", "3", "SETNAME", _options.ClientName);
        await connection.SendAsync(hello, _options.ConnectTimeout, cancellation);
        if (url.Database != 0)
        {
            await connection.SendAsync(RedisCommand.Of("SELECT", url.Database), _options.ConnectTimeout, cancellation);
        }
    }

    private async Task BeginAsync(RedisConnection connection, CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(_options.ConnectTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stop);
        if (OnSession is { } begin)
        {
            await begin(connection, either.Token);
        }

        await AskAsync(connection, stop);
        Volatile.Write(ref _connection, connection);
        Volatile.Write(ref _fault, null);
        LogConnected(_options.Url);
    }

    private async Task BeatAsync(RedisConnection connection, CancellationToken stop)
    {
        while (true)
        {
            await Task.WhenAny(connection.Ended, Task.Delay(_options.Heartbeat, _time, stop));
            stop.ThrowIfCancellationRequested();
            if (connection.Ended.IsCompleted)
            {
                throw new RedisUnavailableException(connection.Fault!.Message, connection.Fault);
            }

            await AskAsync(connection, stop);
        }
    }

    private async Task AskAsync(RedisConnection connection, CancellationToken stop)
    {
        var asked = _time.GetTimestamp();
        await connection.SendAsync(RedisCommand.Of("PING"), _options.Silence, stop);
        Volatile.Write(ref _heard, asked);
    }

    private TimeSpan Pause(int failures) =>
        _options.LongestPause / (1 << Math.Max(0, 4 - failures)) * (0.5 + (Random.Shared.NextDouble() / 2));

    // Once for each kind of trouble, not once a second.
    private void Note(Exception e)
    {
        var fault = e is RedisRefusedException refused ? $"refuses us ({refused.Code})" : "does not answer";
        if (Interlocked.Exchange(ref _fault, fault) == fault)
        {
            return;
        }

        if (e is RedisRefusedException)
        {
            LogRefused(_options.Url, e.Message);
        }
        else
        {
            LogLost(_options.Url, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Connected to {Redis}")]
    private partial void LogConnected(RedisUrl redis);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No connection to {Redis}: {Reason} We go on without it, and try again")]
    private partial void LogLost(RedisUrl redis, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Redis} refuses us; REDIS_URL must carry a user and password that may do this: {Reason}")]
    private partial void LogRefused(RedisUrl redis, string reason);
}
