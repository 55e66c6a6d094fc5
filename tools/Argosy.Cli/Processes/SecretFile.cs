using System.Security.Cryptography;
using System.Text;

namespace Argosy.Cli.Processes;

/// <summary>A secret that this program made: random, written once with mode 0600, read ever after.</summary>
internal static class SecretFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int SecretBytes = 32;

    public static string ReadOrCreate(string path, string prefix = "")
    {
        if (!File.Exists(path))
        {
            Write(path, prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes)));
        }

        return File.ReadAllText(path).Trim();
    }

    /// <summary>Under another name first: whoever finds the file finds all of it.</summary>
    public static void Write(string path, string content)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        var draft = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
        using (var stream = new FileStream(draft, options))
        {
            stream.Write(Encoding.UTF8.GetBytes(content));
        }

        File.Move(draft, path, overwrite: true);
    }
}
