using System.Security.Cryptography;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;
using Argosy.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Argosy.Auth.Tests;

/// <summary>A key folder, a clock that the test moves, and instances that share both.</summary>
internal sealed class KeyBench : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("argosy-keys-");

    public KeyBench() => Options = new KeyOptions(
        Path.Combine(_folder.FullName, "keys"), SecurityAlgorithms.EcdsaSha256, Master: null, RotateEvery: TimeSpan.FromDays(90), PublishFor: TimeSpan.FromMinutes(16));

    /// <summary>ES256, because its keys are made at once; what is tested here is the same for all.</summary>
    public KeyOptions Options { get; set; }

    public FakeTime Time { get; } = new();

    public IEnumerable<string> Files => Directory.GetFiles(Options.Folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    public KeyFolder Folder => new(Options, Time, NullLogger<KeyFolder>.Instance);

    /// <summary>What a start does.</summary>
    public SigningKeys Open() => new(Folder, Time, NullLogger<SigningKeys>.Instance);

    public Instance Open(IStore store) => new(this, store);

    public string PathOf(string file) => Path.Combine(Options.Folder, file);

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>An instance of the service, as far as keys are concerned.</summary>
    internal sealed class Instance : IDisposable
    {
        private static readonly JsonWebTokenHandler Handler = new();

        public Instance(KeyBench bench, IStore store)
        {
            Keys = bench.Open();
            Rotation = new KeyRotation(bench.Folder, Keys, bench.Options, store, bench.Time, NullLogger<KeyRotation>.Instance);
        }

        public SigningKeys Keys { get; }

        public KeyRotation Rotation { get; }

        public string SigningId => Keys.Keys.Signing.Id;

        public string Token() => Handler.CreateToken(new SecurityTokenDescriptor { SigningCredentials = Keys.Keys.Signing.Credentials });

        /// <summary>Whether the token is by a key that this instance publishes, checked without the library that signed it.</summary>
        public async Task<bool> VerifiesAsync(string token)
        {
            var published = await Keys.FetchAsync(CancellationToken.None);
            return published.SingleOrDefault(key => key.Id == new JsonWebToken(token).Kid) is { } key && Verifies(key, token);
        }

        public void Dispose() => Rotation.Dispose();

        private static bool Verifies(IssuerKey key, string token)
        {
            var jwk = key.ToJwk();
            using var ec = ECDsa.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint { X = Base64UrlEncoder.DecodeBytes(jwk["x"]), Y = Base64UrlEncoder.DecodeBytes(jwk["y"]) },
            });
            var end = token.LastIndexOf('.');
            return ec.VerifyData(System.Text.Encoding.ASCII.GetBytes(token[..end]), Base64UrlEncoder.DecodeBytes(token[(end + 1)..]), HashAlgorithmName.SHA256);
        }
    }
}
