using Argosy.Chassis.Hosting;

namespace Argosy.Notifications;

/// <summary>The service's own settings.</summary>
/// <param name="MailFolder">Where mails are written: <c>mail</c> in <c>DATA_DIR</c>.</param>
/// <param name="GiveUpAfter"><c>MAIL_GIVE_UP_SECONDS</c>, from 1 s to 7 days; a day when absent. A mail that could not be written until then never is.</param>
internal sealed record NotificationOptions(string MailFolder, TimeSpan GiveUpAfter)
{
    private const int OneDay = 24 * 60 * 60;
    private const int OneWeek = 7 * OneDay;

    public static NotificationOptions Read(Settings settings, ServiceOptions service) =>
        new(Path.Combine(service.DataDirectory, "mail"), TimeSpan.FromSeconds(settings.Number("MAIL_GIVE_UP_SECONDS", OneDay, 1, OneWeek)));
}
