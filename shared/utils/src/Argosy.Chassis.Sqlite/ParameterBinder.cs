using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.Data.Sqlite;

namespace Argosy.Chassis.Sqlite;

/// <summary>Puts an object's properties into a command's parameters, <c>@name</c> for <c>name</c>.</summary>
internal static class ParameterBinder
{
    private static readonly ConcurrentDictionary<Type, PropertyInfo[]> Properties = new();

    public static void Bind(SqliteCommand command, object? args)
    {
        if (args is null)
        {
            return;
        }

        var properties = Properties.GetOrAdd(args.GetType(), static type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance));
        if (command.Parameters.Count == 0)
        {
            foreach (var property in properties)
            {
                command.Parameters.Add(new SqliteParameter { ParameterName = "@" + property.Name });
            }
        }
        else if (command.Parameters.Count != properties.Length)
        {
            throw new InvalidOperationException($"The same SQL came with other parameters before: {command.CommandText}");
        }

        for (var i = 0; i < properties.Length; i++)
        {
            command.Parameters[i].Value = properties[i].GetValue(args) ?? DBNull.Value;
        }
    }
}
