using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Threading.RateLimiting;
using Argosy.Chassis;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Argosy.Auth;

/// <summary>
/// Hashes passwords, few at a time. One hash costs some 180 ms of a core by intent, so without a limit logging in would be the cheapest
/// way to stop everything else. Callers wait in a bounded queue, first come first served, and not for long.
/// </summary>
internal sealed class Passwords(TimeProvider time) : IDisposable
{
    private const int Iterations = 220_000;   // PBKDF2-HMAC-SHA512, OWASP Password Storage Cheat Sheet
    private const int QueueLength = 64;

    /// <summary>How long a caller waits for a place.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly PasswordHasher<Account> Hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));

    // What a login for an unknown address is checked against, so that it takes as long as any other: a hash that belongs to no password.
    private static readonly string Nobodys = MakeNobodys();

    private readonly ConcurrencyLimiter _places = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = Math.Max(2, Environment.ProcessorCount / 2),
        QueueLimit = QueueLength,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>The refusal when there is no place.</summary>
    public static Problem Busy { get; } =
        Problem.Unavailable("auth.busy", "Too many people are logging in right now; try again in a moment.", TimeSpan.FromSeconds(2));

    /// <summary>A place to hash at, to be disposed of; null when the queue is full or did not move in time.</summary>
    public async Task<Place?> EnterAsync(CancellationToken ct)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, ct);
        try
        {
            var lease = await _places.AcquireAsync(permitCount: 1, either.Token);
            if (lease.IsAcquired)
            {
                return new Place(lease);
            }

            lease.Dispose();
            return null;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return null;
        }
    }

    public void Dispose() => _places.Dispose();

    // The layout of ASP.NET Core Identity's version 3: 0x01, PRF (2 is HMAC-SHA512), iterations, length of the salt, salt, subkey.
    private static string MakeNobodys()
    {
        const int Salt = 16, Subkey = 32;
        var blob = new byte[13 + Salt + Subkey];
        blob[0] = 1;
        BinaryPrimitives.WriteUInt32BigEndian(blob.AsSpan(1), 2);
        BinaryPrimitives.WriteUInt32BigEndian(blob.AsSpan(5), Iterations);
        BinaryPrimitives.WriteUInt32BigEndian(blob.AsSpan(9), Salt);
        RandomNumberGenerator.Fill(blob.AsSpan(13));
        return Convert.ToBase64String(blob);
    }

    /// <summary>The right to hash, one thing at a time.</summary>
    public sealed class Place(RateLimitLease lease) : IDisposable
    {
        private bool _givenBack;

        public Task<string> HashAsync(string password) => RunAsync(() => Hasher.HashPassword(null!, password));

        /// <summary>Compares with an account's hash; without an account it takes as long and fails.</summary>
        public async Task<PasswordVerdict> VerifyAsync(Account? account, string password)
        {
            var result = await RunAsync(() => Hasher.VerifyHashedPassword(null!, account?.Password ?? Nobodys, password));
            return (account, result) switch
            {
                (null, _) or (_, PasswordVerificationResult.Failed) => PasswordVerdict.Wrong,
                (_, PasswordVerificationResult.SuccessRehashNeeded) => PasswordVerdict.RightButStale,
                _ => PasswordVerdict.Right,
            };
        }

        public void Dispose()
        {
            _givenBack = true;
            lease.Dispose();
        }

        // A thread of its own: two hashes on a pool of two threads would hold up every other request.
        private Task<T> RunAsync<T>(Func<T> hash)
        {
            ObjectDisposedException.ThrowIf(_givenBack, this);
            return Task.Factory.StartNew(hash, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
    }
}

internal enum PasswordVerdict
{
    Wrong,
    Right,

    /// <summary>Right, but hashed with fewer iterations than today's.</summary>
    RightButStale,
}
