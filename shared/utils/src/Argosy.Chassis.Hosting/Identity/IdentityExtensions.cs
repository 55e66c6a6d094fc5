using Argosy.Chassis.Resilience;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Argosy.Chassis.Hosting.Identity;

/// <summary>
/// Who may ask what. Every mapped route needs a user whose token is good for the API, unless it says <c>AllowAnonymous()</c>,
/// <see cref="RequireAdmin"/> or <see cref="WithAnyScope"/>. Where something is changed, a login that has ended is refused at once.
/// </summary>
public static class IdentityExtensions
{
    private const string AdminPolicy = "admin";
    private const string AnyScopePolicy = "any-scope";
    private const string KeysCheck = "issuer-keys";

    /// <summary>Adds the check of access tokens, the policies, and the readiness that waits for the issuer's keys.</summary>
    public static IServiceCollection AddArgosyIdentity(this IServiceCollection services, IdentityOptions options)
    {
        services.AddTokenCheck(options);
        services.AddReadiness(KeysCheck, (provider, _) => ValueTask.FromResult(provider.GetRequiredService<KeyRing>().Fault));

        // The core of it: AddAuthentication would also make keys for cookies, that nobody has here, at each start.
        services.AddAuthenticationCore(authentication =>
        {
            authentication.DefaultScheme = BearerHandler.Name;
            authentication.AddScheme<BearerHandler>(BearerHandler.Name, displayName: null);
        });
        services.AddWebEncoders();
        services.AddTransient<BearerHandler>();
        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(Policy((caller, method) => caller.MayAsk(method)))
            .AddPolicy(AdminPolicy, Policy((caller, method) => caller.MayAsk(method) && caller.IsAdmin))
            .AddPolicy(AnyScopePolicy, Policy((_, _) => true));
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, MappedRoutesOnly>();
        return services;
    }

    /// <summary>
    /// Adds a <see cref="TokenCheck"/> and nothing that refuses anybody: for a process that wants to know who asks and leaves it to
    /// others what they may do. It is ready without the issuer's keys, and knows nobody until they are here.
    /// </summary>
    public static ArgosyBuilder KnowsCallers(this ArgosyBuilder argosy)
    {
        argosy.Services.AddTokenCheck(IdentityOptions.Read(argosy.Settings, argosy.Options));
        argosy.Services.AddReadiness(
            KeysCheck, (provider, _) => ValueTask.FromResult(provider.GetRequiredService<KeyRing>().Fault), HealthStatus.Degraded);
        return argosy;
    }

    private static void AddTokenCheck(this IServiceCollection services, IdentityOptions options)
    {
        services.AddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IKeySource>(provider => options.PublicKeyPath is { } path
            ? new PemKeySource(path)
            : ActivatorUtilities.CreateInstance<JwksKeySource>(provider));
        services.AddHttpClient(JwksKeySource.Client, client => client.MaxResponseContentBufferSize = JwksKeySource.MaxBytes)
            .ConfigurePrimaryHttpMessageHandler(() => new LostConnectionHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false }));
        services.AddSingleton<KeyRing>();
        services.AddHostedService(provider => provider.GetRequiredService<KeyRing>());
        services.AddSingleton(provider => new TokenCheck(provider.GetRequiredService<KeyRing>(), options, provider.GetRequiredService<TimeProvider>()));
    }

    /// <summary>Puts the checks into the pipeline; after routing and error handling, before the routes.</summary>
    public static IApplicationBuilder UseArgosyIdentity(this IApplicationBuilder app) => app.UseAuthentication().UseAuthorization();

    /// <summary>The route is for administrators: others get 403, and 401 without a token.</summary>
    public static TBuilder RequireAdmin<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder =>
        route.RequireAuthorization(AdminPolicy).RefuseRevoked();

    /// <summary>
    /// What is read here is too important for the minutes that a token lives on after its session ended: the route asks the
    /// <see cref="DenyList"/>, as everything but GET and HEAD does anyway. That costs a read.
    /// </summary>
    public static TBuilder RefuseRevoked<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(RefusesRevoked.Mark);

    /// <summary>
    /// The route is not for API keys, whatever their scope: with a leaked one nobody makes another one, locks its owner out or has them erased.
    /// </summary>
    public static TBuilder RefuseKeys<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(RefusesKeys.Mark);

    /// <summary>
    /// The route takes somebody who has logged in within the last five minutes, and tells others to do so (401, RFC 9470): for what cannot be
    /// undone. No API key gets there.
    /// </summary>
    public static TBuilder RequireRecentLogin<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder =>
        route.RefuseKeys().WithMetadata(RecentLogin.Mark);

    /// <summary>The route is for users whatever their token is good for; its handler looks at <see cref="Caller.Scopes"/>.</summary>
    public static TBuilder WithAnyScope<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder =>
        route.RequireAuthorization(AnyScopePolicy);

    /// <summary>Whose access token a text is, by the same check as that of every request; null where it is none, or no longer good.</summary>
    public static async Task<Caller?> CheckTokenAsync(this HttpContext context, string token, CancellationToken cancellation) =>
        (await context.RequestServices.GetRequiredService<TokenCheck>().CheckAsync(token, cancellation)).Caller;

    /// <summary>Whom the marks of an endpoint let in.</summary>
    internal static Callers CallersOf(IEnumerable<object> endpoint)
    {
        var (open, policies) = (false, new HashSet<string?>(StringComparer.Ordinal));
        foreach (var mark in endpoint)
        {
            open |= mark is IAllowAnonymous;
            policies.Add((mark as IAuthorizeData)?.Policy);
        }

        return open ? Callers.Anybody
            : policies.Contains(AdminPolicy) ? Callers.Admins
            : policies.Contains(AnyScopePolicy) ? Callers.Holders
            : Callers.Users;
    }

    private static AuthorizationPolicy Policy(Func<Caller, string, bool> allows) => new AuthorizationPolicyBuilder()
        .RequireAuthenticatedUser()
        .RequireAssertion(context => context is { User.Identity: CallerIdentity { Caller: var caller }, Resource: HttpContext http }
            && !caller.IsService && !(caller.IsByKey && RefusesKeys.At(http)) && allows(caller, http.Request.Method) && !RecentLogin.IsMissing(http, caller))
        .Build();

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
