package service

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Telemetry turns what observers hear into OpenTelemetry metrics and spans. Its
// methods have the arguments of the integrators' observers, field by field.
type Telemetry struct {
	instruments
	tracer   trace.Tracer
	traces   *sdktrace.TracerProvider
	metrics  *sdkmetric.MeterProvider
	registry *prometheus.Registry
}

// instruments are the metrics, all but those of HTTP, which otelhttp has.
type instruments struct {
	calls, waits                metric.Float64Histogram
	retries, tokens, deprecated metric.Int64Counter
	polls, late                 metric.Float64Histogram
	rows                        metric.Int64Counter
	commits                     metric.Float64Histogram
	events                      metric.Int64Counter
	notices                     metric.Int64Counter
	pushes                      metric.Float64Histogram
	outcomes                    metric.Int64Counter
	visible                     metric.Float64Histogram
	lag                         metric.Float64Gauge
	owned                       metric.Int64UpDownCounter
	taken                       metric.Int64Counter
}

// newTelemetry makes the providers. Spans go to stdout if traces says so.
func newTelemetry(name, traces string, stdout io.Writer) (*Telemetry, error) {
	res := resource.NewSchemaless(attribute.String("service.name", name))
	t := &Telemetry{registry: prometheus.NewRegistry()}
	t.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	reader, err := exporter.New(exporter.WithRegisterer(t.registry), exporter.WithoutScopeInfo())
	if err != nil {
		return nil, err
	}
	t.metrics = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithResource(res))
	if t.instruments, err = newInstruments(t.metrics.Meter("pointofsale")); err != nil {
		return nil, err
	}
	opts := []sdktrace.TracerProviderOption{sdktrace.WithResource(res)}
	if traces == "stdout" {
		out, err := stdouttrace.New(stdouttrace.WithWriter(stdout))
		if err != nil {
			return nil, err
		}
		opts = append(opts, sdktrace.WithBatcher(out))
	} else {
		opts = append(opts, sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.NeverSample())))
	}
	t.traces = sdktrace.NewTracerProvider(opts...)
	t.tracer = t.traces.Tracer("pointofsale")
	return t, nil
}

func newInstruments(m metric.Meter) (instruments, error) {
	var errs []error
	histogram := func(name, text string, bounds ...float64) metric.Float64Histogram {
		h, err := m.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(text), metric.WithExplicitBucketBoundaries(bounds...))
		errs = append(errs, err)
		return h
	}
	seconds := func(name, text string) metric.Float64Histogram {
		return histogram(name, text, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60)
	}
	count := func(name, text string) metric.Int64Counter {
		c, err := m.Int64Counter(name, metric.WithDescription(text))
		errs = append(errs, err)
		return c
	}
	i := instruments{
		calls:      seconds("pos.call.duration", "Attempts to call a vendor, by outcome: ok, refused (an answer that is an error) or failed (no answer)."),
		waits:      seconds("pos.call.wait", "Waits for the rate budget of an account."),
		retries:    count("pos.call.retries", "Attempts that are repeated."),
		tokens:     count("pos.tokens", "Access tokens that were refreshed or could not be."),
		deprecated: count("pos.deprecations", "Operations whose vendor announced their end."),
		polls:      seconds("pos.poll.duration", "Turns of reading a job."),
		late:       seconds("pos.poll.late", "How long after their time polls began."),
		rows:       count("pos.poll.rows", "Rows that polls brought."),
		commits:    seconds("pos.commit.duration", "Commits of events and cursors, by outcome: ok, stale (another owner went on) or failed."),
		events:     count("pos.commit.events", "Events that were committed."),
		notices:    count("pos.notices", "Notices of vendors by callback; those that are not fresh are repeats."),
		pushes:     seconds("pos.push.duration", "Pushes of menus and coupons."),
		outcomes:   count("pos.push.outcomes", "Outcomes of pushes, one for each item and location, by action."),
		visible: histogram("pos.visible.duration", "From when a vendor recorded a sale to its commit, and from a command's event to its last outcome.",
			.1, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 6*3600, 24*3600),
		taken: count("pos.takeovers", "Parts of accounts that this process began to serve."),
	}
	var err error
	i.lag, err = m.Float64Gauge("pos.purchases.lag", metric.WithUnit("s"), metric.WithDescription("How far behind now the purchases of a group of locations are."))
	errs = append(errs, err)
	i.owned, err = m.Int64UpDownCounter("pos.parts.owned", metric.WithDescription("Parts of accounts that this process serves."))
	return i, errors.Join(append(errs, err)...)
}

func (t *Telemetry) handler() http.Handler {
	return promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{})
}

// client returns an HTTP client whose calls are measured and traced.
func (t *Telemetry) client() *http.Client {
	return &http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport, t.http()...)}
}

func (t *Telemetry) http() []otelhttp.Option {
	return []otelhttp.Option{
		otelhttp.WithTracerProvider(t.traces), otelhttp.WithMeterProvider(t.metrics), otelhttp.WithPropagators(propagation.TraceContext{}),
	}
}

func (t *Telemetry) shutdown(ctx context.Context) error {
	return errors.Join(t.traces.Shutdown(ctx), t.metrics.Shutdown(ctx))
}

func of(o events.Origin, more ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributes(append(more, attribute.String("vendor", o.Vendor), attribute.String("account", o.Account))...)
}

func result(err error) attribute.KeyValue {
	switch {
	case err == nil:
		return attribute.String("outcome", "ok")
	case errors.Is(err, pos.ErrConflict):
		return attribute.String("outcome", "stale")
	default:
		return attribute.String("outcome", "failed")
	}
}

// Begin begins a span, in the trace of a parent if there is one. What it
// returns ends the span.
func (t *Telemetry) Begin(ctx context.Context, name string, o events.Origin, parent string) (context.Context, func(error)) {
	ctx, s := t.tracer.Start(within(ctx, parent), name, trace.WithAttributes(attribute.String("vendor", o.Vendor), attribute.String("account", o.Account)))
	return ctx, func(err error) {
		if err != nil {
			s.SetStatus(codes.Error, err.Error())
		}
		s.End()
	}
}

const traceParent = "traceparent"

// TraceParent is the traceparent of a context; "" where nobody records the
// trace.
func (t *Telemetry) TraceParent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ""
	}
	carrier := make(propagation.MapCarrier)
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[traceParent]
}

// within puts a context into the trace of an event.
func within(ctx context.Context, parent string) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{traceParent: parent})
}

// Poll is one turn of reading a job.
func (t *Telemetry) Poll(o events.Origin, job pos.Job, late, took time.Duration, rows int, err error) {
	ctx, name := context.Background(), attribute.String("job", string(job))
	t.polls.Record(ctx, took.Seconds(), of(o, name, result(err)))
	t.late.Record(ctx, late.Seconds(), of(o, name))
	t.rows.Add(ctx, int64(rows), of(o, name))
}

// Commit is one commit.
func (t *Telemetry) Commit(o events.Origin, n int, took time.Duration, err error) {
	ctx := context.Background()
	t.commits.Record(ctx, took.Seconds(), of(o, result(err)))
	if err == nil {
		t.events.Add(ctx, int64(n), of(o))
	}
}

// Notice is one notice of a vendor.
func (t *Telemetry) Notice(o events.Origin, job pos.Job, fresh bool) {
	t.notices.Add(context.Background(), 1, of(o, attribute.String("job", string(job)), attribute.Bool("fresh", fresh)))
}

// Push is one push that was tried.
func (t *Telemetry) Push(o events.Origin, job pos.Job, took time.Duration, report pos.PushReport, err error) {
	ctx, name := context.Background(), attribute.String("job", string(job))
	t.pushes.Record(ctx, took.Seconds(), of(o, name, result(err)))
	for _, outcome := range report.Each() {
		t.outcomes.Add(ctx, 1, of(o, name, attribute.String("action", string(outcome.Action))))
	}
}

// Owner says that this process begins or ends to serve a part of an account.
func (t *Telemetry) Owner(o events.Origin, owned bool) {
	ctx, n := context.Background(), int64(-1)
	if owned {
		n = 1
		t.taken.Add(ctx, 1, of(o))
	}
	t.owned.Add(ctx, n, of(o))
}

// Lag is how far behind now the purchases of a group of locations are.
func (t *Telemetry) Lag(o events.Origin, group int, lag time.Duration) {
	t.lag.Record(context.Background(), lag.Seconds(), of(o, attribute.Int("group", group)))
}

// Visible is how long a sale took to be committed, or a command to be applied.
func (t *Telemetry) Visible(o events.Origin, job pos.Job, took time.Duration) {
	t.visible.Record(context.Background(), took.Seconds(), of(o, attribute.String("job", string(job))))
}

// vendor observes the calls to vendors.
func (t *Telemetry) vendor() *kit.Observer {
	ctx := context.Background()
	with := func(vendor string, more ...attribute.KeyValue) metric.MeasurementOption {
		return metric.WithAttributes(append(more, attribute.String("vendor", vendor))...)
	}
	return &kit.Observer{
		Call: func(i kit.CallInfo) {
			t.calls.Record(ctx, i.Duration.Seconds(), with(i.Vendor, attribute.String("operation", i.Op), attribute.Int("status", i.Status), answer(i)))
		},
		Wait:  func(i kit.WaitInfo) { t.waits.Record(ctx, i.Wait.Seconds(), with(i.Vendor)) },
		Retry: func(i kit.RetryInfo) { t.retries.Add(ctx, 1, with(i.Vendor, attribute.String("operation", i.Op))) },
		Token: func(i kit.TokenInfo) {
			t.tokens.Add(ctx, 1, with(i.Vendor, attribute.String("event", string(i.Event)), result(i.Err)))
		},
		Deprecated: func(i kit.DeprecationInfo) {
			t.deprecated.Add(ctx, 1, with(i.Vendor, attribute.String("operation", i.Op)))
		},
	}
}

func answer(i kit.CallInfo) attribute.KeyValue {
	switch {
	case i.Status == 0:
		return attribute.String("outcome", "failed")
	case i.Err != nil:
		return attribute.String("outcome", "refused")
	default:
		return attribute.String("outcome", "ok")
	}
}
