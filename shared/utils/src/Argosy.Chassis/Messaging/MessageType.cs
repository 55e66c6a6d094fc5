using System.Collections.Concurrent;
using Argosy.Chassis.Messaging.Wire;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Argosy.Chassis.Messaging;

/// <summary>What the bus knows about a message: its name on the wire, how to read it, and which field is its key.</summary>
public sealed class MessageType
{
    private static readonly ConcurrentDictionary<Type, MessageType> Known = new();
    private readonly FieldDescriptor _key;

    private MessageType(MessageDescriptor descriptor)
    {
        Descriptor = descriptor;
        Name = descriptor.FullName;
        Parser = descriptor.Parser;
        ClrType = descriptor.ClrType;
        _key = descriptor.Fields.InDeclarationOrder().FirstOrDefault(field => field.GetOptions()?.GetExtension(OptionsExtensions.Key) == true)
            ?? throw new InvalidOperationException($"{Name} marks no field with (argosy.bus.v1.key): the bus could not keep its order.");
    }

    /// <summary>The protobuf full name, which is the CloudEvents <c>type</c>.</summary>
    public string Name { get; }

    internal MessageDescriptor Descriptor { get; }

    /// <summary>Reads a body.</summary>
    public MessageParser Parser { get; }

    /// <summary>The class that the proto compiles to.</summary>
    public Type ClrType { get; }

    /// <summary>The type of a message.</summary>
    public static MessageType Of(IMessage message) => Of(message.Descriptor);

    /// <summary>The type behind a generated class.</summary>
    public static MessageType Of(Type type) => Known.TryGetValue(type, out var known)
        ? known
        : Of(((IMessage)Activator.CreateInstance(type)!).Descriptor);

    /// <summary>The value of the marked field: messages with equal keys keep their order.</summary>
    public string KeyOf(IMessage message) =>
        _key.Accessor.GetValue(message) is string { Length: > 0 } value
            ? value
            : throw new InvalidOperationException($"{Name}.{_key.Name} is the partition key and is empty: fill it before publishing.");

    /// <summary>Null where the message has this key, else which field should say so: under another one it would lose its place.</summary>
    internal string? FaultOfKey(IMessage message, string key) => _key.Accessor.GetValue(message) as string == key
        ? null
        : $"{_key.JsonName}: it is the key that keeps messages in order, and must stay '{key}'.";

    private static MessageType Of(MessageDescriptor descriptor) => Known.GetOrAdd(descriptor.ClrType, static (_, d) => new MessageType(d), descriptor);
}
