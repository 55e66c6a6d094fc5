using Argosy.Chassis;
using Argosy.Chassis.Hosting;

namespace Argosy.Users;

/// <summary>A postal address of a profile; of those that a profile has, one is the default.</summary>
internal sealed record Address(string Name, string Street, string City, string PostalCode, string Country, bool IsDefault = false);

/// <summary>What may be chosen beside the profile itself.</summary>
/// <param name="Language">ISO 639-1, two small letters; null: no choice was made.</param>
internal sealed record Preferences(string? Language);

/// <summary>A change: what is absent stays; <see cref="Addresses"/> takes the place of the whole list.</summary>
internal sealed record ProfileChange(string? Name, IReadOnlyList<Address?>? Addresses, Preferences? Preferences) : IExample<ProfileChange>
{
    public static ProfileChange Example { get; } = new("Ada King", [ProfileView.Home], new Preferences("en"));
}

/// <summary>A customer's profile, and the rules for changing it.</summary>
internal sealed record Profile(
    string Id, string Email, string Name, IReadOnlyList<Address> Addresses, Preferences Preferences, long Version,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    private const int MaxAddresses = 20;

    /// <summary>Where an order goes that names no address.</summary>
    public Address? DefaultAddress => Addresses.FirstOrDefault(a => a.IsDefault);

    /// <summary>The profile after the change, or why not. A change that changes nothing gives the same version.</summary>
    public (Profile Profile, Problem? Problem) After(ProfileChange change, DateTimeOffset now)
    {
        if (Check(change) is { } problem)
        {
            return (this, problem);
        }

        var after = this with
        {
            Name = change.Name?.Trim() ?? Name,
            Addresses = change.Addresses is { } addresses ? WithOneDefault(addresses!) : Addresses,
            Preferences = change.Preferences ?? Preferences,
        };
        var same = after.Name == Name && after.Preferences == Preferences && after.Addresses.SequenceEqual(Addresses);
        return (same ? this : after with { Version = Version + 1, UpdatedAt = now }, null);
    }

    private static Problem? Check(ProfileChange change)
    {
        var check = new Validation();
        if (change.Name is not null)
        {
            check.Text(change.Name, "name", max: 100);
        }

        if (change.Preferences?.Language is { } language)
        {
            check.That(language is { Length: 2 } && language.All(char.IsAsciiLetterLower), "preferences.language", "must be an ISO 639-1 code of two small letters");
        }

        if (change.Addresses is { } addresses
            && check.That(addresses.Count <= MaxAddresses, "addresses", $"must be at most {MaxAddresses}"))
        {
            for (var i = 0; i < addresses.Count; i++)
            {
                Check(check, addresses[i], $"addresses[{i}]");
            }

            check.That(addresses.Count(a => a is { IsDefault: true }) <= 1, "addresses", "must not have more than one default");
        }

        return check.Problem;
    }

    private static void Check(Validation check, Address? address, string member)
    {
        if (address is null)
        {
            check.That(valid: false, member, "must not be null");
            return;
        }

        check.Text(address.Name, $"{member}.name", max: 100);
        check.Text(address.Street, $"{member}.street", max: 200);
        check.Text(address.City, $"{member}.city", max: 100);
        check.Text(address.PostalCode, $"{member}.postalCode", max: 20);
        check.That(Countries.Exist(address.Country), $"{member}.country", "must be an ISO 3166-1 alpha-2 code in capital letters");
    }

    // Who has addresses has a default: the one that says so, else the first.
    private static IReadOnlyList<Address> WithOneDefault(IReadOnlyList<Address> addresses) =>
        addresses.Count == 0 || addresses.Any(a => a.IsDefault)
            ? addresses
            : [addresses[0] with { IsDefault = true }, .. addresses.Skip(1)];
}
