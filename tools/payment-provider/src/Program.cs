using Argosy.PaymentProvider;

try
{
    var options = ProviderOptions.FromEnvironment(Variables.Read);
    if (args.Contains("--health"))
    {
        return await HealthProbe.IsAliveAsync(options) ? 0 : 1;
    }

    options.RequireFreePort();
    var builder = WebApplication.CreateSlimBuilder(args);
    builder.AddProvider(options);
    await using var app = builder.Build();
    app.Use(app.Services.GetRequiredService<Metrics>().MeasureAsync);
    app.Use(ProviderApi.AnswerRefusalsAsync);
    app.MapProvider(options);
    await app.StartAsync();
    OrphanGuard.Watch(app.Lifetime);
    await app.WaitForShutdownAsync();
    return 0;
}
catch (ConfigurationException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 78; // EX_CONFIG of sysexits.h
}
