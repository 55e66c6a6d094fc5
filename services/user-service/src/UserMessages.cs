using Argosy.Chassis.Store;
using Argosy.Contracts.Auth.V1;

namespace Argosy.Users;

/// <summary>What we do when others speak.</summary>
internal sealed class UserMessages(Profiles profiles)
{
    /// <summary>Makes the profile of a new account; not that of somebody who was erased, however often the message comes.</summary>
    public async Task Handle(UserRegistered registered, WriteSet work, CancellationToken ct)
    {
        if (!await profiles.IsErasedAsync(registered.UserId, ct))
        {
            profiles.Add(work, registered.UserId, registered.Email, registered.Name);
            work.OnCommitted(profiles.Arrivals.Set);
        }
    }
}
