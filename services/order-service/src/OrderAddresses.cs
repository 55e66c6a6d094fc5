using System.Net;
using System.Net.Http.Json;
using Argosy.Chassis;
using Microsoft.AspNetCore.Http;

namespace Argosy.Orders;

/// <summary>Where an order goes that names no address: the customer's default one, asked of user-service in the customer's own name.</summary>
internal sealed class OrderAddresses(IHttpClientFactory clients, IHttpContextAccessor current)
{
    public const string Users = "user-service";

    /// <summary>The address, or why there is none: 422 for a customer without a default, 503 where user-service is away.</summary>
    public async Task<(Address? Address, Problem? Problem)> DefaultAsync(CancellationToken cancellation)
    {
        // A parcel goes where the customer lives now: nothing out of a cache.
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/users/me") { Headers = { CacheControl = new() { NoCache = true } } };
        request.Headers.TryAddWithoutValidation("Authorization", current.HttpContext!.Request.Headers.Authorization.ToString());
        using var response = await clients.CreateClient(Users).SendAsync(request, cancellation);
        if (response.StatusCode != HttpStatusCode.NotFound)
        {
            response.EnsureSuccessStatusCode();
            var profile = await response.Content.ReadFromJsonAsync<Profile>(cancellation);
            if (profile?.DefaultAddress is { } address)
            {
                return (address, null);
            }
        }

        return (null, Problem.Unprocessable("order.address", "The order names no shippingAddress and your profile has no default one: send one, or add it to your profile."));
    }

    private sealed record Profile(Address? DefaultAddress);
}
