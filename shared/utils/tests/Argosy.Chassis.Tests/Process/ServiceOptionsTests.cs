using System.Net;
using Argosy.Chassis.Hosting;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Configuration;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Process;

public sealed class ServiceOptionsTests
{
    [Fact]
    public void An_environment_as_the_launcher_makes_it_is_read_as_it_is_meant()
    {
        var (options, settings) = Read(
            ("SERVICE_NAME", "order-service"), ("SERVICE_PORT", "5104"), ("SERVICE_HOST", "0.0.0.0"), ("SERVICE_VERSION", "1.2.3"),
            ("ARGOSY_PROFILE", "local"), ("DATA_DIR", "/tmp/a"), ("DATABASE_URL", "sqlite:/tmp/a/order.db"), ("JWT_ISSUER", "http://127.0.0.1:8080"),
            ("SERVICE_ENDPOINTS", "auth-service=http://127.0.0.1:5101, user-service=http://127.0.0.1:5102"), ("ARGOSY_EXIT_WITH_STDIN", "1"));
        settings.Errors.ShouldBeEmpty();
        options.ShouldSatisfyAllConditions(
            o => o.Port.ShouldBe(5104),
            o => o.Host.ShouldBe(IPAddress.Any),
            o => o.Version.ShouldBe("1.2.3"),
            o => o.IsLocal.ShouldBeTrue(),
            o => o.Database.ShouldBe(new DatabaseUrl.InFile("/tmp/a/order.db")),
            o => o.JwtIssuer.ShouldBe("http://127.0.0.1:8080"),
            o => o.AddressOf("user-service").ShouldBe(new Uri("http://127.0.0.1:5102")),
            o => o.AddressOf("tax-service").ShouldBeNull(),
            o => o.ExitWithStdin.ShouldBeTrue());
    }

    [Fact]
    public void An_empty_environment_is_a_container_in_production()
    {
        var (options, settings) = Read();
        settings.Errors.ShouldBeEmpty();
        options.Port.ShouldBe(8080);
        options.IsLocal.ShouldBeFalse();
        options.Database.ShouldBeNull();
        options.AddressOf("user-service").ShouldBe(new Uri("http://user-service:8080"));
    }

    [Fact]
    public void A_service_may_have_several_instances()
    {
        var (options, settings) = Read(("SERVICE_ENDPOINTS", "a=http://b:1,c=http://d,a=http://b:2"));
        settings.Errors.ShouldBeEmpty();
        options.AddressesOf("a").ShouldBe([new Uri("http://b:1"), new Uri("http://b:2")]);
        options.AddressOf("a").ShouldBe(new Uri("http://b:1"));
    }

    [Fact]
    public void A_laptop_needs_no_database_url()
    {
        var (options, _) = Read(("ARGOSY_PROFILE", "local"), ("DATA_DIR", "/tmp/a"));
        options.Database.ShouldBe(new DatabaseUrl.InFile("/tmp/a/order-service.db"));
    }

    [Theory]
    [InlineData("SERVICE_NAME", "user-service", "is 'user-service', but this program is order-service")]
    [InlineData("SERVICE_PORT", "http", "is 'http', and must be a number from 0 to 65535.")]
    [InlineData("SERVICE_PORT", "70000", "is '70000', and must be a number from 0 to 65535.")]
    [InlineData("SERVICE_HOST", "orders", "is 'orders', and must be an IP address")]
    [InlineData("ARGOSY_PROFILE", "lokal", "is 'lokal', and must be one of: production, local.")]
    [InlineData("DATABASE_URL", "postgresql://me:secret@db", "needs a user, a host and a database: postgresql://USER:PASSWORD@HOST:5432/DATABASE; characters such as @")]
    [InlineData("DATABASE_URL", "postgresql://me:se@cret#1@db/orders", "needs a user, a host and a database")]
    [InlineData("DATABASE_URL", "postgresql://me:secret@db/orders?pool_max=0", "has the parameter pool_max, which must be a number from 1 to 1000.")]
    [InlineData("DATABASE_URL", "postgresql://me:secret@db/orders?schema=Orders", "has the parameter schema, which must be a name of small letters, digits and _.")]
    [InlineData("DATABASE_URL", "postgresql://me:secret@db/orders?sslmode=yes", "has the parameter sslmode, which must be one of: disable")]
    [InlineData("DATABASE_URL", "postgresql://me:secret@db/orders?secret=1", "has a parameter that means nothing here")]
    [InlineData("RABBITMQ_URL", "redis://me:secret@broker", "is no address of a broker: set it to amqp://USER:PASSWORD@HOST:PORT/VHOST, or amqps:// with TLS.")]
    [InlineData("RABBITMQ_URL", "amqp://broker/argosy", "needs a user and a password")]
    [InlineData("RABBITMQ_URL", "amqp://me:se:secret@broker/argosy", "needs a user and a password")]
    [InlineData("RABBITMQ_URL", "amqp://me:secret@broker/argosy/more", "takes nothing after the virtual host")]
    [InlineData("RABBITMQ_URL", "amqp://me:secret@broker/argosy?heartbeat=5", "takes nothing after the virtual host")]
    [InlineData("DATABASE_URL", "mysql:secret", "names no database that this build knows")]
    [InlineData("DATABASE_URL", "sqlite:", "needs a plain path")]
    [InlineData("DATABASE_URL", "sqlite::memory:", "asks for a database in memory")]
    [InlineData("DATABASE_URL", "sqlite:/tmp", "is the folder '/tmp', and must be a file")]
    [InlineData("SERVICE_ENDPOINTS", "user-service", "has the entry 'user-service', and takes entries such as")]
    [InlineData("SERVICE_ENDPOINTS", "a=ftp://b", "has the entry 'a=ftp://b'")]
    [InlineData("SERVICE_ENDPOINTS", "a=http://b,a=http://b", "names a at http://b/ twice")]
    [InlineData("BUS_KEYS", "/no/such/folder", "is '/no/such/folder', and there is no such folder.")]
    [InlineData("JWT_PUBLIC_KEY_PATH", "/no/such.pem", "is '/no/such.pem', and there is no such file.")]
    [InlineData("JWT_ISSUER", "gateway", "is 'gateway', and must be an address such as http://127.0.0.1:8080.")]
    [InlineData("ARGOSY_EXIT_WITH_STDIN", "yes", "is 'yes', and must be 1 or 0.")]
    public void A_wrong_value_gets_a_sentence_that_says_what_to_do(string variable, string value, string sentence)
    {
        var (_, settings) = Read((variable, value));
        var error = settings.Errors.ShouldHaveSingleItem();
        error.ShouldStartWith($"{variable} {sentence}");
        error.ShouldNotContain("secret");
    }

    [Fact]
    public void All_errors_come_at_once() =>
        Read(("SERVICE_PORT", "x"), ("SERVICE_HOST", "y"), ("DATABASE_URL", "z")).Settings.Errors.Count.ShouldBe(3);

    [Fact]
    public void Whatever_stands_in_the_environment_reading_it_ends_with_options_and_errors() => Property.Holds(
        (from variable in Gen.Elements("SERVICE_PORT", "SERVICE_HOST", "DATABASE_URL", "SERVICE_ENDPOINTS", "JWT_ISSUER", "ARGOSY_PROFILE", "SERVICE_NAME")
         from prefix in Gen.Elements("", "sqlite:", "a=http://", "http://", "127.")
         from text in ArbMap.Default.GeneratorFor<NonNull<string>>()
         select (variable, value: prefix + text.Get.Replace("\0", ""))).ToArbitrary(),
        x => Read((x.variable, x.value)).Settings.Errors.ShouldAllBe(e => e.StartsWith(x.variable)),
        count: 1000);

    private static (ServiceOptions Options, Settings Settings) Read(params (string Name, string Value)[] environment)
    {
        var settings = new Settings(new ConfigurationBuilder()
            .AddInMemoryCollection(environment.Select(e => KeyValuePair.Create(e.Name, (string?)e.Value))).Build());
        return (ServiceOptions.Read(settings, "order-service"), settings);
    }
}
