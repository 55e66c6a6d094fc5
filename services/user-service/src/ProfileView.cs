using Argosy.Chassis.Hosting;

namespace Argosy.Users;

/// <summary>What clients see of a profile; the version goes into the <c>ETag</c>.</summary>
internal sealed record ProfileView(
    string Id, string Email, string Name, IReadOnlyList<Address> Addresses, Address? DefaultAddress, Preferences Preferences,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt) : IExample<ProfileView>
{
    private static readonly DateTimeOffset Created = new(2026, 3, 14, 9, 0, 0, TimeSpan.Zero);

    public static ProfileView Example { get; } = new(
        "0195946a-0f66-7a10-8c1d-0d7b4c1f3a52", "ada@example.com", "Ada Lovelace", [Home], Home, new Preferences("en"), Created, Created);

    internal static Address Home => new("Ada Lovelace", "12 St James's Square", "London", "SW1Y 4JH", "GB", IsDefault: true);

    public static ProfileView Of(Profile p) =>
        new(p.Id, p.Email, p.Name, p.Addresses, p.DefaultAddress, p.Preferences, p.CreatedAt, p.UpdatedAt);
}
