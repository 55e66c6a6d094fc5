using Argosy.Chassis.Hosting;

namespace Argosy.Notifications;

/// <summary>What a customer is told: a subject, and a text of a few short lines.</summary>
internal sealed record Notification(string Kind, string Subject, string Text);

/// <summary>A notification as it is shown.</summary>
internal sealed record NotificationView(string Id, string? OrderId, string Kind, string Subject, string Text, DateTimeOffset At) : IExample<NotificationView>
{
    public static NotificationView Example { get; } = new(
        "0195946a-5a8d-7f02-8e6b-2c4d9a7b1e63", "0195946a-4b2c-7d31-9f3e-6a1f0c5d2e77", "order-confirmed", "Your order is confirmed", "It will leave soon.",
        new DateTimeOffset(2026, 3, 14, 9, 26, 55, TimeSpan.Zero));
}

/// <summary>The texts. They name the order and what happened to it, and nobody.</summary>
internal static class Texts
{
    public static Notification OrderConfirmed(string order, long amount, string currency, string tracking) => new(
        "order-confirmed",
        "Your order is confirmed",
        $"""
        Thank you for your order. It is paid, and we are packing it now.

        Order: {order}
        Total: {Amounts.Text(amount, currency)}
        Tracking number: {tracking}
        """);

    public static Notification OrderShipped(string order, string tracking) => new(
        "order-shipped",
        "Your parcel is on its way",
        $"""
        Good news: your parcel has left our house.

        Order: {order}
        Tracking number: {tracking}
        """);

    public static Notification OrderCancelled(string order, string reason) => new(
        "order-cancelled",
        "Your order was cancelled",
        $"""
        Your order was cancelled. If anything was charged for it, all of it has been given back.

        Order: {order}
        Reason: {OneLine(reason)}
        """);

    // A reason may be a customer's own words: they stay on their line.
    private static string OneLine(string text) => string.Join(' ', new string([.. text.Select(c => char.IsControl(c) ? ' ' : c)]).Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
