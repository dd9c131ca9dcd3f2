package check

import (
	"os"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// overlays are what people apply, and how many objects each is of.
var overlays = map[string]int{"daemon": 7, "daemon-tls": 7, "git-sync": 7, "cronjob": 6, "fleet": 6}

// decode builds every overlay as kubectl apply -k does, and reads its objects,
// refusing unknown and doubled fields.
func decode(t *testing.T) map[string][]runtime.Object {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{appsv1.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme, networkingv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	objects := make(map[string][]runtime.Object)
	for name := range overlays {
		built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "../overlays/"+name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, resource := range built.Resources() {
			document, err := resource.AsYAML()
			if err != nil {
				t.Fatal(err)
			}
			object, _, err := decoder.Decode(document, nil, nil)
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, document)
				continue
			}
			objects[name] = append(objects[name], object)
		}
	}
	return objects
}

func TestTheOverlaysFitTheTypes(t *testing.T) {
	objects := decode(t)
	for name, count := range overlays {
		if len(objects[name]) != count {
			t.Errorf("%s has %d objects, want %d", name, len(objects[name]), count)
		}
	}
}

// pods returns the pod templates by the file that they are in.
func pods(t *testing.T) map[string]corev1.PodSpec {
	t.Helper()
	found := make(map[string]corev1.PodSpec)
	for name, objects := range decode(t) {
		for _, object := range objects {
			switch object := object.(type) {
			case *appsv1.Deployment:
				found[name] = object.Spec.Template.Spec
			case *batchv1.CronJob:
				found[name] = object.Spec.JobTemplate.Spec.Template.Spec
			case *batchv1.Job:
				found[name] = object.Spec.Template.Spec
			}
		}
	}
	if len(found) != len(overlays) {
		t.Fatalf("%d pods, want %d", len(found), len(overlays))
	}
	return found
}

func TestThePodsHaveTheLeastPrivilege(t *testing.T) {
	for name, pod := range pods(t) {
		for _, container := range append(pod.InitContainers, pod.Containers...) {
			checkContainer(t, name, container)
		}
		container := pod.Containers[0]
		security := container.SecurityContext
		switch {
		case pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken:
			t.Errorf("%s: a token of the cluster is in the pod", name)
		case pod.SecurityContext.RunAsNonRoot == nil || !*pod.SecurityContext.RunAsNonRoot:
			t.Errorf("%s: may run as root", name)
		case pod.SecurityContext.SeccompProfile == nil || pod.SecurityContext.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault:
			t.Errorf("%s: no seccomp profile", name)
		case security.AllowPrivilegeEscalation == nil || *security.AllowPrivilegeEscalation:
			t.Errorf("%s: may gain privileges", name)
		case security.ReadOnlyRootFilesystem == nil || !*security.ReadOnlyRootFilesystem:
			t.Errorf("%s: the image can be written to", name)
		case len(security.Capabilities.Drop) != 1 || security.Capabilities.Drop[0] != "ALL" || len(security.Capabilities.Add) > 0:
			t.Errorf("%s: capabilities %v", name, security.Capabilities)
		case container.Resources.Limits.Memory().IsZero():
			t.Errorf("%s: no limit of memory", name)
		}
		for _, variable := range container.Env {
			if strings.Contains(variable.Name, "TOKEN") && !strings.HasSuffix(variable.Name, "_FILE") {
				t.Errorf("%s: a secret in a variable: %s", name, variable.Name)
			}
		}
		if *pod.TerminationGracePeriodSeconds < 60 {
			t.Errorf("%s: no time to drain", name)
		}
	}
}

// checkContainer holds what every container has, helpers as well.
func checkContainer(t *testing.T, name string, container corev1.Container) {
	t.Helper()
	if !strings.Contains(container.Image, "@sha256:") {
		t.Errorf("%s: the image %s is not named by its digest", name, container.Image)
	}
	if container.Name != "seatsync" {
		return
	}
	limit, args := container.Resources.Limits.Memory().Value(), strings.Join(container.Args, " ")
	for _, variable := range container.Env {
		if variable.Name != "GOMEMLIMIT" {
			continue
		}
		bytes, err := strconv.ParseInt(strings.TrimSuffix(variable.Value, "MiB"), 10, 64)
		if err != nil || bytes<<20 > limit*9/10 || bytes<<20 < limit/2 {
			t.Errorf("%s: GOMEMLIMIT %s beside a limit of %d bytes", name, variable.Value, limit)
		}
		limit = 0
	}
	if limit != 0 {
		t.Errorf("%s: nothing tells the program of its limit of memory", name)
	}
	if strings.Contains(args, "0.0.0.0") && !strings.Contains(args, "--redact") && !strings.Contains(args, "--web-config") {
		t.Errorf("%s: pages with names are open to whoever reaches the pod: %s", name, args)
	}
}

// A Job cannot be changed, only made anew; what is around it stays, the claim with the records above all.
func TestTheFleetRunsAgainByItsJobAlone(t *testing.T) {
	text, err := os.ReadFile("../overlays/fleet/kustomization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const again = "kubectl -n seatsync delete job seatsync-fleet --ignore-not-found && kubectl apply -k deploy/kubernetes/overlays/fleet\n"
	if !strings.Contains(string(text), again) || strings.Contains(string(text), "replace") {
		t.Errorf("the comment of the fleet does not say\n%s", again)
	}
	for _, object := range decode(t)["fleet"] {
		if job, isJob := object.(*batchv1.Job); isJob && (job.Namespace != "seatsync" || job.Name != "seatsync-fleet") {
			t.Errorf("the Job is %s/%s", job.Namespace, job.Name)
		}
	}
}

// Each file of a fleet names the variable with its token, and no other is taken for it.
func TestTheFleetNeedsNoSecretButItsTokens(t *testing.T) {
	pod := pods(t)["fleet"]
	for _, volume := range pod.Volumes {
		if volume.Secret != nil {
			t.Errorf("the pod waits for the secret %s", volume.Secret.SecretName)
		}
	}
	for _, variables := range pod.Containers[0].EnvFrom {
		if variables.SecretRef.Name != "seatsync-tokens" {
			t.Errorf("the pod waits for the secret %s", variables.SecretRef.Name)
		}
	}
}

func TestTheProbesAskForWhatIsServed(t *testing.T) {
	if probe := pods(t)["daemon-tls"].Containers[0].LivenessProbe.HTTPGet; probe.Scheme != corev1.URISchemeHTTPS {
		t.Errorf("with TLS the probe is %+v", probe)
	}
	container := pods(t)["daemon"].Containers[0]
	if container.LivenessProbe.HTTPGet.Path != "/healthz" || container.ReadinessProbe.HTTPGet.Path != "/healthz" || container.Ports[0].ContainerPort != 9464 {
		t.Errorf("probes %+v %+v", container.LivenessProbe, container.ReadinessProbe)
	}
}
