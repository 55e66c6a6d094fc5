using Argosy.Chassis.RabbitMq;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Bus;

public sealed class RabbitUrlTests
{
    [Theory]
    [InlineData("amqp://me:secret@broker", "broker", 5672, "me", "secret", "/", false)]
    [InlineData("amqp://me:secret@broker/", "broker", 5672, "me", "secret", "/", false)]
    [InlineData("amqps://me:secret@broker/argosy", "broker", 5671, "me", "secret", "argosy", true)]
    [InlineData("amqp://a%40b:s%2F%3Acret@127.0.0.1:15672/a%2Fb", "127.0.0.1", 15672, "a@b", "s/:cret", "a/b", false)]
    [InlineData("amqp://me:secret@[::1]:5/argosy", "::1", 5, "me", "secret", "argosy", false)]
    public void An_address_is_read_as_it_is_meant(string text, string host, int port, string user, string password, string virtualHost, bool tls)
    {
        RabbitUrl.Parse(text, out var error).ShouldBe(new RabbitUrl(host, port, user, password, virtualHost, tls));
        error.ShouldBeNull();
    }

    [Fact]
    public void It_does_not_show_its_password() => RabbitUrl.Parse("amqp://me:secret@broker/argosy", out _)!.ToString().ShouldBe("amqp://me@broker:5672/argosy");
}
