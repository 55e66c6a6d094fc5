using Argosy.Chassis;

namespace Argosy.Auth;

/// <summary>Somebody who may log in.</summary>
/// <param name="Id">The claim <c>sub</c>.</param>
/// <param name="Email">Normalised.</param>
/// <param name="Password">The hash: format, iterations and salt are in it.</param>
/// <param name="Role"><see cref="Customer"/> or <see cref="Admin"/>.</param>
internal sealed record Account(string Id, string Email, string Password, string Role)
{
    public const string Customer = "customer";
    public const string Admin = "admin";

    /// <summary>Whose token is still good, and who was erased.</summary>
    public static readonly Problem Unknown = Problem.NotFound("account.unknown", "There is no such account any more.");

    public const string ByEmail = "select id, email, password, role from accounts where email = @email";

    /// <summary>Adds the account unless its address is taken, which is a conflict.</summary>
    public const string Insert = """
        insert into accounts (id, email, password, role, created) values (@Id, @Email, @Password, @Role, @now)
        on conflict (email) do nothing
        """;
}
