namespace Argosy.Chassis.Hosting.Identity;

/// <summary>Whom a route is for.</summary>
internal enum Callers
{
    /// <summary>No token is asked for.</summary>
    Anybody,

    /// <summary>Users whose token is good for the API.</summary>
    Users,

    /// <summary>Users, whatever their token is good for.</summary>
    Holders,

    /// <summary>Administrators.</summary>
    Admins,
}
