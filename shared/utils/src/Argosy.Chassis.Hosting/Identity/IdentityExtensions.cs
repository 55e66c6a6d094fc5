using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Argosy.Chassis.Hosting.Identity;

/// <summary>Who may ask what. Every mapped route needs a user, unless it says <c>AllowAnonymous()</c> or <see cref="RequireAdmin"/>.</summary>
public static class IdentityExtensions
{
    private const string AdminPolicy = "admin";

    /// <summary>Adds the check of access tokens, the policies, and the readiness that waits for the issuer's keys.</summary>
    public static IServiceCollection AddArgosyIdentity(this IServiceCollection services, IdentityOptions options)
    {
        services.AddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IKeySource>(provider => options.PublicKeyPath is { } path
            ? new PemKeySource(path)
            : ActivatorUtilities.CreateInstance<JwksKeySource>(provider));
        services.AddHttpClient(JwksKeySource.Client, client => client.MaxResponseContentBufferSize = JwksKeySource.MaxBytes)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false });
        services.AddSingleton<KeyRing>();
        services.AddHostedService(provider => provider.GetRequiredService<KeyRing>());
        services.AddSingleton<TokenCheck>();
        services.AddReadiness("issuer-keys", (provider, _) => ValueTask.FromResult(
            provider.GetRequiredService<KeyRing>().HasKeys ? null : "the token issuer's keys are not here yet"));

        services.AddAuthentication(BearerHandler.Name).AddScheme<AuthenticationSchemeOptions, BearerHandler>(BearerHandler.Name, configureOptions: null);
        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build())
            .AddPolicy(AdminPolicy, policy => policy.RequireAuthenticatedUser().RequireRole(Caller.AdminRole));
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, MappedRoutesOnly>();
        return services;
    }

    /// <summary>Puts the checks into the pipeline; after routing and error handling, before the routes.</summary>
    public static IApplicationBuilder UseArgosyIdentity(this IApplicationBuilder app) => app.UseAuthentication().UseAuthorization();

    /// <summary>The route is for administrators: others get 403, and 401 without a token.</summary>
    public static TBuilder RequireAdmin<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder =>
        route.RequireAuthorization(AdminPolicy);

    /// <summary>The fallback policy guards what is mapped; what is not stays a plain 404 or 405 instead of asking for a token.</summary>
    private sealed class MappedRoutesOnly : IAuthorizationMiddlewareResultHandler
    {
        private readonly AuthorizationMiddlewareResultHandler _framework = new();

        public Task HandleAsync(
            RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult) =>
            context.GetEndpoint() is RouteEndpoint
                ? _framework.HandleAsync(next, context, policy, authorizeResult)
                : next(context);
    }
}
