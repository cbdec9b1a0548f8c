// Package watermill publishes and receives events over any broker for which
// Watermill (https://watermill.io) has a module: Kafka, AMQP, SQL, Redis, the
// clouds. It links Watermill's core only; the host chooses the broker's module
// and hands over its publisher or subscriber.
//
//	import "github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka" // v3.0.6
//
//	broker, err := kafka.NewPublisher(kafka.PublisherConfig{
//		Brokers: []string{"kafka:9092"},
//		Marshaler: kafka.NewWithPartitioningMarshaler(watermill.PartitionKey),
//	}, logger)
//	p := watermill.NewPublisher(broker, nil)
//
// AMQP and SQL differ in the first lines only:
//
//	import "github.com/ThreeDotsLabs/watermill-amqp/v3/pkg/amqp" // v3.0.2
//	broker, err := amqp.NewPublisher(amqp.NewDurablePubSubConfig(uri, nil), logger)
//
//	import "github.com/ThreeDotsLabs/watermill-sql/v4/pkg/sql" // v4.0.0
//	broker, err := sql.NewPublisher(sql.BeginnerFromStdSQL(db), sql.PublisherConfig{SchemaAdapter: sql.DefaultPostgreSQLSchema{}}, logger)
//
// # From the stream to a broker
//
// The integrators commit events to the stream of package jetstream, and
// package relay carries them on from there, so that an outage of the broker
// holds nothing up and loses nothing:
//
//	err := relay.Run(ctx, relay.Config{
//		Source: stream.Source(events.Filter{}),
//		Target: relay.ToPublisher(p, stream.Store(), "relay.kafka"),
//	})
//
// # Messages
//
// The payload is the event as CloudEvents JSON. The metadata repeat id, type,
// source, subject and, where it is set, traceparent, name the content type
// under content-type and carry what keeps events in order under partitionkey.
// The UUID is derived from source and id, so repeats of an event share it.
//
// # Order
//
// All events go to one topic, [DefaultTopic], unless Options.Topic says
// otherwise: brokers order messages within a topic or partition only, and
// events of different types about one location belong together. Kafka needs
// [PartitionKey] as above.
package watermill
